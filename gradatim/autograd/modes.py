"""Turn recording on and off: context managers that are also decorators."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from ..core.context import GradMode, local


class _Mode(GradMode):
    """A grad mode that is also a decorator."""

    enabled = True

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        mode = super().__new__(cls)
        return mode if function is None else decorated(function, cls.enabled)

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__(self.enabled)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return decorated(function, self._enabled)


class no_grad(_Mode):
    """Do not record operations inside.

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
    """Record operations inside, even within an outer `no_grad`."""


class inference_mode(GradMode):
    """The same as `no_grad` (there is nothing more to save), or `enable_grad` if given False."""

    def __new__(cls, mode: bool | Callable[..., Any] = True) -> Any:
        return decorated(mode, False) if callable(mode) else super().__new__(cls)

    def __init__(self, mode: bool | Callable[..., Any] = True) -> None:
        super().__init__(not mode)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return decorated(function, self._enabled)


class set_grad_enabled(GradMode):
    """Turn recording on or off when called; a `with` block restores it at its end."""

    def __init__(self, mode: bool) -> None:
        super().__init__(bool(mode))
        self._previous.append(local.context.grad_enabled)
        local.context.grad_enabled = bool(mode)

    def __enter__(self) -> None:
        local.context.grad_enabled = self._enabled

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        self.__exit__(None, None, None)  # as a decorator it only affects the function
        return decorated(function, self._enabled)


def is_grad_enabled() -> bool:
    """Whether operations are currently recorded in this thread."""
    return local.context.grad_enabled


def decorated(function: Callable[..., Any], enabled: bool) -> Callable[..., Any]:
    """The function, wrapped so that recording is on or off while it runs."""
    if inspect.isgeneratorfunction(function):
        return _decorated_generator(function, enabled)

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        with GradMode(enabled):
            return function(*args, **kwargs)

    return wrapped


def _decorated_generator(function: Callable[..., Any], enabled: bool) -> Callable[..., Any]:
    # A generator runs in steps; between them the caller's own mode applies.
    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        generator = function(*args, **kwargs)
        resume, message = generator.send, None
        while True:
            try:
                with GradMode(enabled):
                    given = resume(message)
            except StopIteration as end:
                return end.value
            try:
                resume, message = generator.send, (yield given)
            except GeneratorExit:
                with GradMode(enabled):
                    generator.close()
                raise
            except BaseException as error:
                resume, message = generator.throw, error

    return wrapped
