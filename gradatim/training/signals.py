"""Ctrl-C and SIGTERM as a request to finish the step and save; a second signal stops at once."""

import signal
import threading
from types import FrameType
from typing import Any

_WANTED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # the last two on POSIX and Windows only


class StopRequest:
    """Inside a `with` block, records the first stop signal instead of ending the process.

    After the first signal the earlier handlers are restored, so a second one acts as usual. Signals
    that were ignored before (`nohup`, background jobs of a script) stay ignored; outside the main
    thread, where Python allows no handlers, nothing changes.

    >>> import signal
    >>> with StopRequest() as stop:
    ...     signal.raise_signal(signal.SIGTERM)
    ...     stop.requested, stop.exit_code
    (True, 143)
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._before: dict[int, Any] = {}

    @property
    def requested(self) -> bool:
        """Whether a signal came."""
        return self.number is not None

    @property
    def exit_code(self) -> int:
        """The shell's exit code for the signal: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + (self.number or 0)

    def __enter__(self) -> "StopRequest":
        if threading.current_thread() is not threading.main_thread():
            return self
        for name in _WANTED:
            number = getattr(signal, name, None)
            # None: installed from C, so Python could not restore it.
            if number is not None and signal.getsignal(number) not in (signal.SIG_IGN, None):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *exc: object) -> None:
        self._restore()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.number = number
        self._restore()

    def _restore(self) -> None:
        while self._before:
            signal.signal(*self._before.popitem())
