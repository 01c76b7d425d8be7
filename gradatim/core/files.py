"""Atomic file writes: temporary file, flush, fsync, rename, fsync of the folder.

Before the rename a reader sees the old content, after it the new, never a partial file. A process
killed at any point leaves at most a temporary file behind.
"""

import contextlib
import os
from pathlib import Path

Buffer = bytes | memoryview

TEMPORARY = ".tmp-"  # prefix of every unfinished file, and of no other


def write_atomically(path: Path, *content: Buffer) -> None:
    """Replace a file's content atomically. Errors: OSError, with the old content untouched."""
    temporary = path.with_name(f"{TEMPORARY}{os.getpid()}-{path.name}")  # unique to this process
    try:
        write_synced(temporary, *content)
        temporary.replace(path)
    except BaseException:  # Ctrl-C too leaves nothing behind
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def write_synced(path: Path, *content: Buffer) -> None:
    """Write a file from one or more pieces, and wait until it is on disk."""
    with path.open("wb") as file:
        for piece in content:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Wait until a folder's entries are on disk (Windows has no such call)."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
