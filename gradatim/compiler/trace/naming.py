"""The function's own names for the tensors that it is given."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from ...core.changes import DICTS
from .arguments import Flat, Place


def names_of(flat: Flat, function: Callable[..., Any]) -> list[str]:
    """The function's names for the tensors among its arguments: `x`, `batch[0]`.

    >>> from gradatim import ones
    >>> from gradatim.compiler.trace.arguments import flatten
    >>> names_of(flatten((ones(2), [ones(1), 3.0]), {}), lambda x, pair: x)
    ['x', 'pair[0]', 'pair[1]']
    """
    function = getattr(function, "forward", function)  # where a module names its parameters
    try:
        bound = inspect.signature(function).bind(*flat.args, **flat.kwargs).arguments
    except (TypeError, ValueError):  # arguments that do not fit, or no signature
        return [f"argument {i}" for i in range(len(flat.tensors))]
    names = dict(pair for name, value in bound.items() for pair in _named(value, name))
    return [names[i] for i in range(len(flat.tensors))]


def _named(value: Any, path: str) -> Iterator[tuple[int, str]]:
    if isinstance(value, Place):
        yield value.index, path
    elif type(value) in (tuple, list):
        for i, v in enumerate(value):
            yield from _named(v, f"{path}[{i}]")
    elif type(value) in DICTS:
        for key, v in value.items():
            yield from _named(v, f"{path}[{key!r}]")
