"""Ctrl-C and SIGTERM as a request: the step is finished and saved; a second one stops at once."""

import signal
import threading
from types import FrameType
from typing import Any

_WANTED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # the last two on POSIX and Windows only


class StopRequest:
    """Within a `with` block, notes the first signal to stop instead of dying of it.

    After the first one the earlier handlers are back, so the second acts as it always did.
    Signals that were ignored before (`nohup`, jobs of a script) stay ignored; outside the main
    thread Python allows no handlers, and nothing is changed.

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
        """The shell's code for a process ended by that signal: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + (self.number or 0)

    def __enter__(self) -> "StopRequest":
        if threading.current_thread() is not threading.main_thread():
            return self
        for name in _WANTED:
            number = getattr(signal, name, None)
            # None: installed from C, and Python could not put it back.
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
