"""Conversion of lists, arrays, tensors and scalar Values to plain Python numbers."""

from collections.abc import Iterable
from typing import Any

from ...core.errors import ArgumentError


def as_float(x: Any) -> float:
    """One number. A `Value`, or a tensor of one element, gives its data.

    Errors: TypeError, naming the type, for anything else.
    """
    try:
        return float(x)
    except (TypeError, ValueError):
        inner = getattr(x, "data", None)
        if isinstance(inner, float | int):
            return float(inner)
        raise TypeError(f"expected a number, got {type(x).__name__}: {x!r:.60}") from None


def as_list(x: Any) -> list[Any]:
    """The elements of a list, tuple, array, tensor or other iterable."""
    if isinstance(x, str):
        raise TypeError(f"expected numbers, got the text {x!r:.60}")
    plain = x.tolist() if callable(getattr(x, "tolist", None)) else x
    if not isinstance(plain, Iterable):
        raise TypeError(f"expected a sequence of numbers, got {type(x).__name__}")
    return list(plain)


def as_floats(x: Any) -> list[float]:
    """A sequence as a list of numbers; shape (n, 1), as networks return, is accepted too.

    >>> as_floats(range(3)), as_floats([[0.5], [1.5]])
    ([0.0, 1.0, 2.0], [0.5, 1.5])
    """
    return [as_float(_alone(item)) for item in as_list(x)]


def one_or_more(x: Any) -> list[float]:
    """A number as a list of one, a sequence like `as_floats`.

    >>> one_or_more(3), one_or_more((1, 2))
    ([3.0], [1.0, 2.0])
    """
    plain = x.tolist() if callable(getattr(x, "tolist", None)) else x
    return as_floats(plain) if isinstance(plain, Iterable) else [as_float(plain)]


def as_rows(x: Any, what: str) -> list[list[float]]:
    """A matrix as a list of rows of equal length. `what` names it in errors."""
    rows = [as_floats(row) for row in as_list(x)]
    widths = {len(row) for row in rows}
    if len(widths) != 1 or 0 in widths:
        raise ArgumentError(
            f"{what} must be rows of the same length, not empty; got {len(rows)} rows of lengths"
            f" {sorted(widths)}"
        )
    return rows


def _alone(item: Any) -> Any:
    return item[0] if isinstance(item, list | tuple) and len(item) == 1 else item
