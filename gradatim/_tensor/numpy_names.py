"""NumPy's argument names beside PyTorch's: `axis` for `dim`, `keepdims` for `keepdim`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

Method = TypeVar("Method", bound=Callable[..., Any])

_WORDS = {"axis": "dim", "keepdims": "keepdim"}


def numpy_names(method: Method) -> Method:
    """Let a method also take `axis` for `dim`, and `keepdims` for `keepdim`, as PyTorch does.

    The displayed signature remains PyTorch's.
    """

    @wraps(method)
    def call(*args: Any, **named: Any) -> Any:
        __tracebackhide__ = True  # IPython and pytest leave this frame out of tracebacks
        if named:
            for theirs, ours in _WORDS.items():
                if theirs in named:
                    if ours in named:
                        raise TypeError(f"{method.__name__}: give {ours} or {theirs}, not both")
                    named[ours] = named.pop(theirs)
            return method(*args, **named)
        return method(*args)

    return call  # type: ignore[return-value]
