"""Files that are either old or new, never half: temporary file, flush, fsync, rename, fsync folder.

The rename is the moment of truth: before it a reader sees the old content, after it the new one,
and a process killed at any point leaves at most a temporary file behind.
"""

import contextlib
import os
from pathlib import Path

Buffer = bytes | memoryview

TEMPORARY = ".tmp-"  # every unfinished file begins so, and only those


def write_atomically(path: Path, *content: Buffer) -> None:
    """Replace a file's content as one step. Errors: OSError, with the old content untouched."""
    temporary = path.with_name(f"{TEMPORARY}{os.getpid()}-{path.name}")  # others may write it too
    try:
        write_synced(temporary, *content)
        temporary.replace(path)
    except BaseException:  # Ctrl-C too leaves nothing behind
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def write_synced(path: Path, *content: Buffer) -> None:
    """Write a file, of one piece or several, and wait until the disk has it."""
    with path.open("wb") as file:
        for piece in content:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Wait until the disk has a folder's names (Windows has no such call)."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
