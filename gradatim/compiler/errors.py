"""What can go wrong in the compiler, as types."""

import linecache
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from ..core.errors import GradatimError
from .whose import USER, whose


class CompileError(GradatimError, RuntimeError):
    """LLVM refused what the compiler wrote, or cannot run here."""


class TraceError(GradatimError, RuntimeError):
    """A function that cannot be traced: it asks for numbers that are not known yet."""


def user_line() -> str:
    """The line of the user's that is running: `train.py, line 12: if loss > 3:`."""
    frame = sys._getframe(1)
    while frame.f_back is not None and not is_users(frame):
        frame = frame.f_back
    return shown_line(frame, frame.f_lineno)


def shown_line(frame: FrameType, number: int) -> str:
    """A line of a frame's code: `train.py, line 12: if loss > 3:`."""
    name = frame.f_code.co_filename
    line = linecache.getline(name, number).strip()
    return f"{Path(name).name}, line {number}" + (f": `{line}`" if line else "")


def is_users(frame: FrameType) -> bool:
    """Whether it runs the user's code."""
    return whose(frame.f_code.co_filename, frame.f_globals.get("__name__")) is USER


class NotFiniteError(GradatimError, FloatingPointError):
    """A number became nan in a place where nobody can go on with it.

    `step` counts from 1; `results` are what the steps up to that one returned, stacked.
    """

    def __init__(self, message: str, *, step: int = 0, results: Any = None) -> None:
        super().__init__(message)
        self.step, self.results = step, results
