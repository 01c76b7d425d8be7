"""Files that are either old or new, never half: temporary file, flush, fsync, rename, fsync folder.

The rename is the moment of truth: before it a reader sees the old content, after it the new one,
and a process killed at any point leaves at most a temporary file behind, which `sweep` removes.
"""

import contextlib
import os
import shutil
from pathlib import Path

TEMPORARY = ".tmp-"  # every unfinished or dying file and folder begins so, and only those


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file's content as one step. Errors: OSError, with the old content untouched."""
    temporary = path.with_name(f"{TEMPORARY}{path.name}")
    try:
        write_synced(temporary, content)
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def write_synced(path: Path, content: bytes) -> None:
    """Write a file and wait until the disk has it."""
    with path.open("wb") as file:
        file.write(content)
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


def remove_folder(path: Path) -> None:
    """Remove a folder so that a kill in between leaves no half folder under its name."""
    dying = path.with_name(f"{TEMPORARY}old-{path.name}")
    shutil.rmtree(dying, ignore_errors=True)
    path.rename(dying)
    shutil.rmtree(dying, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Remove what a killed process left unfinished; only its sole writer may call this."""
    for leftover in folder.glob(f"{TEMPORARY}*"):
        if leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                leftover.unlink()
