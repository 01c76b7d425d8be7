"""Compiled programs on disk, so that later processes need not compile them again.

    <cache folder>/<key>.program
        gradatim 1 <sha256 of all that follows>
        {"key": ..., "parts": {"plan": 812, "object": 45120}}
        the parts' bytes, one after the other

What is loaded from here is executed, so a file is used only if it and its folder belong to this
user, if nobody else can write to them, and if the checksum holds. Anything else is treated as
missing: nothing on disk makes this module raise, the program is compiled anew.

GRADATIM_CACHE_DIR names another folder; an empty value disables the cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import sys
import tempfile
import time
from pathlib import Path

LIMIT = 256 * 2**20  # bytes on disk; beyond it the least recently used files are removed
_SUFFIX, _TEMPORARY = ".program", ".tmp-"
_FORMAT = b"gradatim 1 "
_HOUR = 3600.0
_stored: dict[Path, int] = {}  # bytes this process has added to a folder since it last scanned it
# Do not follow links, do not block on a pipe, do not convert Windows' line ends.
_OPEN = os.O_RDONLY | sum(getattr(os, f"O_{x}", 0) for x in ("NOFOLLOW", "NONBLOCK", "BINARY"))


def folder() -> Path | None:
    """The folder of the programs; None if the cache is disabled, or the user has no home.

    A few lines for three systems, rather than a dependency.
    """
    chosen = os.environ.get("GRADATIM_CACHE_DIR")
    if chosen is not None:
        return Path(chosen).expanduser().absolute() if chosen else None
    with contextlib.suppress(RuntimeError):  # no home
        if sys.platform == "win32":
            local = os.environ.get("LOCALAPPDATA")
            return (Path(local) if local else Path.home() / "AppData/Local") / "gradatim/cache"
        if sys.platform == "darwin":
            return Path.home() / "Library/Caches/gradatim"
        base = os.environ.get("XDG_CACHE_HOME", "")
        # The XDG specification: a relative path is to be ignored.
        return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "gradatim"
    return None


def state() -> str | None:
    """None if programs are kept on disk, otherwise why they are not."""
    where = folder()
    if where is None:
        return "there is no cache folder: GRADATIM_CACHE_DIR is empty, or the user has no home"
    try:
        where.mkdir(mode=0o700, parents=True, exist_ok=True)
        if reason := _mistrust(where.stat()):
            return f"the cache folder {where} is not used: {reason}"
    except OSError as error:
        return f"the cache folder {where} cannot be used: {error.strerror or error}"
    if not os.access(where, os.W_OK | os.X_OK):
        return f"the cache folder {where} cannot be written"
    return None


def store(key: str, parts: dict[str, bytes]) -> bool:
    """Store a program's parts under a key; False if that is not possible."""
    where = folder()
    content = _packed(key, parts)
    if where is None or state() or len(content) > LIMIT:
        return False
    try:
        _write(where / f"{key}{_SUFFIX}", content)
        if _may_be_full(where, len(content)):
            _make_room(where)
    except OSError:
        return False
    return True


def load(key: str) -> dict[str, bytes] | None:
    """The parts stored under a key; None if there are none, or none that can be trusted."""
    where = folder()
    if where is None:
        return None
    try:
        if _mistrust(where.stat()):
            return None
        content = _read(where / f"{key}{_SUFFIX}")
        return None if content is None else _unpacked(key, content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _mistrust(status: os.stat_result) -> str | None:
    """Why others could have written a file or folder; None if they could not."""
    if os.name == "nt":  # there the user's own folder is protected by its access control list
        return None
    if status.st_uid != os.geteuid():
        return "it belongs to another user"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "others can write to it (chmod go-w makes it yours alone)"
    return None


def _packed(key: str, parts: dict[str, bytes]) -> bytes:
    header = json.dumps({"key": key, "parts": {name: len(parts[name]) for name in parts}})
    rest = b"\n".join([header.encode(), b"".join(parts.values())])
    return b"%s%s\n%s" % (_FORMAT, hashlib.sha256(rest).hexdigest().encode(), rest)


def _unpacked(key: str, content: bytes) -> dict[str, bytes] | None:
    first, _, rest = content.partition(b"\n")
    if first != _FORMAT + hashlib.sha256(rest).hexdigest().encode():
        return None
    header, _, body = rest.partition(b"\n")
    described = json.loads(header)
    if described["key"] != key:  # a valid file under another name
        return None
    parts, start = {}, 0
    for name, size in described["parts"].items():
        parts[name] = body[start : start + size]
        start += size
    return parts if start == len(body) else None


def _read(path: Path) -> bytes | None:
    """A trusted file's content; marks it as used. Checks the open file, so it cannot be swapped."""
    with os.fdopen(os.open(path, _OPEN), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > LIMIT or _mistrust(status):
            return None
        content = file.read()
    with contextlib.suppress(OSError):
        os.utime(path)
    return content


def _write(path: Path, content: bytes) -> None:
    """Atomic for all readers. Without fsync a crash of the machine may lose the content, which the
    checksum would detect."""
    handle, name = tempfile.mkstemp(prefix=_TEMPORARY, suffix=_SUFFIX, dir=path.parent)  # mode 0600
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _may_be_full(where: Path, size: int) -> bool:
    """Whether to scan the folder: at this process's first file, and whenever it has added 1/64 of
    the limit. Scanning a thousand files takes as long as compiling a small program."""
    _stored[where] = _stored.get(where, LIMIT) + size
    if _stored[where] <= LIMIT // 64:
        return False
    _stored[where] = 0
    return True


def _make_room(where: Path) -> None:
    """Remove the least recently used files, and temporary ones of writers that were killed.

    A reader that has a removed file open can still read it to its end.
    """
    total = 0
    for path, status in sorted(_files(where), key=lambda each: -each[1].st_mtime):
        unfinished = path.name.startswith(_TEMPORARY)
        old = time.time() - status.st_mtime > _HOUR
        total += 0 if unfinished else status.st_size
        if old if unfinished else total > LIMIT:
            with contextlib.suppress(OSError):
                path.unlink()


def _files(where: Path) -> list[tuple[Path, os.stat_result]]:
    """This cache's files with their sizes and times; others in the folder are not touched."""
    files = []
    for path in where.glob(f"*{_SUFFIX}"):
        with contextlib.suppress(OSError):  # another process removed it
            files.append((path, path.lstat()))
    return files
