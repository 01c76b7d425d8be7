"""Exception types of the compiler."""

from typing import Any

from ..core.errors import GradatimError


class CompileError(GradatimError, RuntimeError):
    """LLVM rejected the generated code, or cannot run on this machine."""


class TraceError(GradatimError, RuntimeError):
    """A function cannot be traced: it asks for values that are not known during the trace."""


class NotFiniteError(GradatimError, FloatingPointError):
    """A number became nan where the computation cannot go on with it.

    `step` counts from 1; `results` are what the steps up to that one returned, stacked.
    """

    def __init__(self, message: str, *, step: int = 0, results: Any = None) -> None:
        super().__init__(message)
        self.step, self.results = step, results
