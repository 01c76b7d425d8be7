"""The files of a run: temporary names for what is incomplete, and their removal.

A process killed at any point leaves at most temporary files, which `sweep` removes.
"""

import contextlib
import shutil
from pathlib import Path

from ..core.files import TEMPORARY


def remove_folder(path: Path) -> None:
    """Remove a folder such that an interruption never leaves a partial folder under its name."""
    dying = path.with_name(f"{TEMPORARY}old-{path.name}")
    shutil.rmtree(dying, ignore_errors=True)
    path.rename(dying)
    shutil.rmtree(dying, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Remove what a killed process left incomplete; only the folder's sole writer may call this."""
    for leftover in folder.glob(f"{TEMPORARY}*"):
        if leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                leftover.unlink()
