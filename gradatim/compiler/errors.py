"""What can go wrong in the compiler, as types."""

from typing import Any

from ..core.errors import GradatimError


class CompileError(GradatimError, RuntimeError):
    """LLVM refused what the compiler wrote, or cannot run here."""


class TraceError(GradatimError, RuntimeError):
    """A function that cannot be traced: it asks for numbers that are not known yet."""


class NotFiniteError(GradatimError, FloatingPointError):
    """A number became nan in a place where nobody can go on with it.

    `step` counts from 1; `results` are what the steps up to that one returned, stacked.
    """

    def __init__(self, message: str, *, step: int = 0, results: Any = None) -> None:
        super().__init__(message)
        self.step, self.results = step, results
