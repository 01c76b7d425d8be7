"""Counts of integers and histograms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import ArgumentError, DTypeError, ShapeError
from ..core.handle import Handle
from ..core.numbers import numbers_of
from ..core.storage import ArrayType
from ..ops.broadcast import full
from ..ops.creation import linspace
from ..ops.elementwise import cast, like, sub
from ..ops.indexing import put, zeros
from ..ops.sorting import bincount, searchsorted
from . import return_types
from .comparison import where
from .index_arguments import as_index, flattened, narrowed
from .promotion import only_floats, to_dtype

if TYPE_CHECKING:
    from .tensor import Tensor

Number = int | float
_INT64 = np.dtype(np.int64)


class Counted(Handle):
    """`bincount`, `histc` and `histogram`."""

    def bincount(input, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
        """The number of occurrences of each integer 0, 1, 2, ..., or the sum of their weights.

        >>> import gradatim
        >>> gradatim.tensor([0, 2, 2]).bincount()
        tensor([1, 0, 2])
        """
        x = (
            to_dtype(input, _INT64)
            if input._value.dtype == np.uint8
            else as_index("bincount", input)
        )
        numbers = numbers_of(x)
        if numbers.ndim != 1 or (numbers.size and numbers.min() < 0):
            raise ShapeError(
                "bincount: only supports 1-d non-negative integral inputs, got shape "
                f"{list(numbers.shape)}" + (f" and {numbers.min()}" if numbers.size else "")
            )
        length = max(int(numbers.max()) + 1 if numbers.size else 0, minlength)
        if weights is None:
            return bincount(x, length=length)
        if weights._value.shape != numbers.shape:
            raise ShapeError(
                f"bincount: weights need the shape of the input, {list(numbers.shape)}, got "
                f"{[*weights._value.shape]}"
            )
        kind = weights._value.dtype if weights._value.dtype.kind == "f" else np.dtype(np.float64)
        start = zeros(ArrayType((length,), kind))
        return put(start, x, to_dtype(weights, kind), dim=0, accumulate=True)

    def histc(input, bins: int = 100, min: Number = 0, max: Number = 0) -> Tensor:
        """The number of elements in each of `bins` equal intervals of [min, max], as floats.

        The last interval includes `max`; elements outside are not counted. If both bounds are 0,
        they are the smallest and the largest element.

        >>> import gradatim
        >>> gradatim.tensor([1.0, 2.0, 2.0, 3.0]).histc(3)
        tensor([1., 2., 1.])
        """
        x = only_floats("histc", input)
        _check_bins("histc", bins)
        low, high = _bounds("histc", x, (min, max) if min != 0 or max != 0 else None)
        x = flattened(x)
        position = (x - low) * bins / (high - low)  # as PyTorch rounds, unlike comparing edges
        is_inside = (x >= low) & (x <= high)  # nan is not
        place = where(is_inside, position, bins).long()
        place = where(x == high, bins - 1, place)
        start = zeros(ArrayType((bins + 1,), x._value.dtype))
        return narrowed(put(start, place, like(x, 1), dim=0, accumulate=True), None, bins)

    def histogram(
        input,
        bins: int | Tensor = 100,
        *,
        range: tuple[float, float] | None = None,
        weight: Tensor | None = None,
        density: bool = False,
    ) -> return_types.histogram:
        """Counts in bins, and the bin edges: of equal bins over the range, or as given.

        With `density`, counts are scaled so that the total area is 1.
        """
        x = only_floats("histogram", input)
        if isinstance(bins, Handle):
            edges: Any = _edges("histogram", x, bins)
        else:
            _check_bins("histogram", bins)
            low, high = _bounds("histogram", x, range)
            edges = linspace(start=low, stop=high, count=bins + 1, dtype=x._value.dtype)
        hist = _in_bins(x, edges, weight)
        if density:
            hist = hist / hist.sum() / sub(narrowed(edges, 1, None), narrowed(edges, None, -1))
        return return_types.histogram(hist, edges)


def _check_bins(name: str, bins: int) -> None:
    if bins < 1:
        raise ArgumentError(f"{name}: bins must be at least 1, got {bins}")


def _bounds(name: str, x: Any, given: tuple[float, float] | None) -> tuple[float, float]:
    if given is None:
        numbers = numbers_of(x)
        given = (numbers.min(), numbers.max()) if numbers.size else (0, 0)
    low, high = float(given[0]), float(given[1])
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ArgumentError(f"{name}: range of {low} to {high} is not finite")
    if low > high:
        raise ArgumentError(f"{name}: max must be larger than min, got {low} to {high}")
    return (low, high) if low < high else (low - 1, high + 1)


def _in_bins(x: Any, edges: Any, weight: Any) -> Any:
    """Counts, or sums of weights, of the elements between adjacent edges."""
    x, n = flattened(x), edges._value.shape[0] - 1
    place = searchsorted(edges, x, right=True)  # 1 to n inside, 0 below, n + 1 above and for nan
    at_end = x == narrowed(edges, n, None)
    place = sub(place, cast(at_end, dtype=_INT64))  # the last bin includes its upper edge
    ones = full(x._value.shape, 1, x._value.dtype)
    start = zeros(ArrayType((n + 2,), x._value.dtype))
    counts = put(
        start, place, ones if weight is None else flattened(weight), dim=0, accumulate=True
    )
    return narrowed(counts, 1, n + 1)


def _edges(name: str, x: Any, given: Any) -> Any:
    """The edges that the user gave, if they have the dtype of `x`."""
    if given._value.dtype != x._value.dtype:
        raise DTypeError(
            f"{name}: the edges must have the dtype of the input, {x.dtype}, not {given.dtype}"
        )
    return given
