"""Turn the tape off and on: blocks, and decorators with or without parentheses."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..core.context import GradMode, local


class _Mode(GradMode):
    """A grad mode that is also a decorator."""

    enabled = True

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        mode = super().__new__(cls)
        if function is None:
            return mode
        mode.__init__()  # type: ignore[misc]
        return mode(function)

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__(self.enabled)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with type(self)():
                return function(*args, **kwargs)

        return wrapped


class no_grad(_Mode):
    """No operation inside is recorded.

    >>> import gradatim
    >>> x = gradatim.tensor([1.0], requires_grad=True)
    >>> with no_grad():
    ...     (x * 2).requires_grad
    False
    >>> @no_grad
    ... def double(x):
    ...     return x * 2
    >>> double(x).requires_grad
    False
    """

    enabled = False


class enable_grad(_Mode):
    """Operations inside are recorded again, within an outer `no_grad`."""


class inference_mode(_Mode):
    """As `no_grad`: the library has nothing more to save."""

    enabled = False


class set_grad_enabled(GradMode):
    """Turn recording on or off: at once when called, and back at the end of a `with` block."""

    def __init__(self, mode: bool) -> None:
        super().__init__(bool(mode))
        self._previous.append(local.context.grad_enabled)
        local.context.grad_enabled = bool(mode)

    def __enter__(self) -> None:
        local.context.grad_enabled = self._enabled


def is_grad_enabled() -> bool:
    """Whether operations are recorded in this thread now."""
    return local.context.grad_enabled
