"""A file's bytes, in memory or mapped; errors are one line that says what to do."""

import errno
import os
from mmap import ACCESS_READ, mmap
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from .errors import DataFileError

MAPPED_FROM = 4 << 20  # bytes; larger files are memory-mapped unless `mapped` says otherwise


def contents(
    path: str | os.PathLike[str], *, wanted: str, mapped: bool | None = None
) -> bytes | mmap:
    """The bytes of a plain file; `wanted` describes the kind of file, for error messages.

    A mapped file must not change while it is in use.

    Errors: DataFileError if it cannot be read.
    """
    path = Path(path)
    size = _size(path, wanted)
    try:
        with path.open("rb") as file:
            if size == 0 or not (size >= MAPPED_FROM if mapped is None else mapped):
                return file.read()
            return mmap(file.fileno(), 0, access=ACCESS_READ)
    except OSError as error:
        raise _unreadable(path, error) from None


def _size(path: Path, wanted: str) -> int:
    """The size of a plain file in bytes. Errors: DataFileError for anything else."""
    try:
        status = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise _unreadable(path, error) from None
    if S_ISDIR(status.st_mode):
        raise DataFileError(f"{path} is a folder; give {wanted}")
    if not S_ISREG(status.st_mode):
        raise DataFileError(f"{path} is not a plain file; save the text in a file first")
    return status.st_size


def _unreadable(path: Path, error: OSError | ValueError) -> DataFileError:
    """The operating system's error as one line that says what to do."""
    number = getattr(error, "errno", None)
    if number == errno.ENOENT:
        return DataFileError(f"there is no file {path}; check the name and the folder")
    if number in (errno.EACCES, errno.EPERM):
        return DataFileError(f"{path} may not be read; ask for permission or copy it")
    return DataFileError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}")
