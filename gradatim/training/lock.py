"""One writer at a time: a lock that the operating system releases if the process is killed.

A lock by file existence goes stale after `kill -9`, and whether it is stale is then a guess;
`flock` on POSIX and a locked byte on Windows are released with the process, however it ended. The
file's content, the process id, serves only the message that a second process prints.
"""

import errno
import os
import sys
import time
from pathlib import Path
from types import TracebackType

from .errors import Failure, RunInUse

_PATIENCE = 1.0  # seconds; `gradatim runs` probes a lock for an instant, without using the run
_UNSUPPORTED = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS}  # some network file systems


class Lock:
    """A lock file, held from `acquire` to `release` or the end of the process.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Lock(Path(folder) / "run.lock", of="run 'demo'"):
    ...         is_locked(Path(folder) / "run.lock")
    True
    """

    def __init__(self, path: Path, *, of: str, patience: float = _PATIENCE):
        self.path, self.of, self.patience = path, of, patience
        self._handle = -1

    def acquire(self) -> "Lock":
        """Take the lock. Errors: RunInUse names the process that holds it; Failure."""
        try:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise Failure(
                f"cannot write in {self.path.parent} ({error.strerror});"
                " choose a folder you may write with --runs FOLDER"
            ) from error
        deadline = time.monotonic() + self.patience
        while not _try_lock(handle):
            if time.monotonic() > deadline:
                holder = _holder(handle)
                os.close(handle)
                raise RunInUse(
                    f"{self.of} is in use by another process{holder};"
                    " wait for it, stop it with Ctrl-C, or use another --name"
                )
            time.sleep(0.01)
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode("ascii"))
        self._handle = handle
        return self

    def release(self) -> None:
        """Release the lock; the file stays, since removing it would race with the next holder."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def __enter__(self) -> "Lock":
        return self if self._handle >= 0 else self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock at the moment."""
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _try_lock(handle)
    finally:
        os.close(handle)


def _holder(handle: int) -> str:
    os.lseek(handle, 0, os.SEEK_SET)
    text = os.read(handle, 32).decode("ascii", "replace").strip()
    return f" (process {text})" if text.isdigit() else ""


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30  # a locked byte cannot be read; this one is past the process id

    def _try_lock(handle: int) -> bool:
        os.lseek(handle, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(handle, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno in _UNSUPPORTED
        return True
