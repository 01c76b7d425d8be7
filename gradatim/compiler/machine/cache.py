"""Compiled programs on disk, so that the next start finds them.

    <cache folder>/<key>.program
        gradatim 1 <sha256 of all that follows>
        {"key": ..., "parts": {"plan": 812, "object": 45120}}
        the parts' bytes, one after the other

What is loaded from here is run, so a file counts only if it and its folder belong to this user, if
nobody else can write to them, and if every byte is as it was stored. Anything else is as if it were
not there: nothing here raises for what it finds on a disk, the program is compiled anew.

GRADATIM_CACHE_DIR names another folder; empty, it switches the cache off.
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

LIMIT = 256 * 2**20  # bytes on disk; beyond it what was not used for longest goes
_SUFFIX, _TEMPORARY = ".program", ".tmp-"
_FORMAT = b"gradatim 1 "
_HOUR = 3600.0
_stored: dict[Path, int] = {}  # bytes that this process added to a folder since it looked through
# Not through a link, not waiting at a pipe, and with Windows' line ends left alone.
_OPEN = os.O_RDONLY | sum(getattr(os, f"O_{x}", 0) for x in ("NOFOLLOW", "NONBLOCK", "BINARY"))


def folder() -> Path | None:
    """Where programs are kept; None if it is switched off, or the user has no home.

    Three lines for three systems, rather than a package to depend on.
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
        # Its specification: a relative path is to be ignored.
        return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "gradatim"
    return None


def state() -> str | None:
    """None if programs are kept on disk, otherwise the reason why not."""
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
    """Keep a program's parts under a key; False if they cannot be kept."""
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
    """The parts kept under a key; None if there are none, or none to be trusted."""
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
    """Why a file or folder could hold what somebody else wrote, if it could."""
    if os.name == "nt":  # the user's own folder is closed to others by its list of rights
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
    if described["key"] != key:  # a whole file under another's name
        return None
    parts, start = {}, 0
    for name, size in described["parts"].items():
        parts[name] = body[start : start + size]
        start += size
    return parts if start == len(body) else None


def _read(path: Path) -> bytes | None:
    """A file of ours, and marked as just used. What is checked is what is open, not a name."""
    with os.fdopen(os.open(path, _OPEN), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > LIMIT or _mistrust(status):
            return None
        content = file.read()
    with contextlib.suppress(OSError):
        os.utime(path)
    return content


def _write(path: Path, content: bytes) -> None:
    """Old or new, never half, for all who read. A crash of the machine may lose it (no fsync):
    the checksum would tell."""
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
    """Whether to look through the folder: at this process's first file, and at each 64th part of
    the limit. To look at a thousand files takes as long as to compile a small program."""
    _stored[where] = _stored.get(where, LIMIT) + size
    if _stored[where] <= LIMIT // 64:
        return False
    _stored[where] = 0
    return True


def _make_room(where: Path) -> None:
    """Remove what was not used for longest, and what writers that were killed left behind.

    A reader that has a removed file open still reads it to its end.
    """
    kept = 0
    for path, status in sorted(_files(where), key=lambda each: -each[1].st_mtime):
        unfinished = path.name.startswith(_TEMPORARY)
        old = time.time() - status.st_mtime > _HOUR
        kept += 0 if unfinished else status.st_size
        if old if unfinished else kept > LIMIT:
            with contextlib.suppress(OSError):
                path.unlink()


def _files(where: Path) -> list[tuple[Path, os.stat_result]]:
    """This cache's files with their sizes and times; others in the folder are not touched."""
    found = []
    for path in where.glob(f"*{_SUFFIX}"):
        with contextlib.suppress(OSError):  # another process removed it
            found.append((path, path.lstat()))
    return found
