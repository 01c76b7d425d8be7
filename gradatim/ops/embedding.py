"""Embedding: rows of a table picked by index, the product with a one-hot matrix done by lookup."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import IndexOutOfRange
from ..core.primitive import Composite
from ..core.storage import ArrayType
from .broadcast import broadcast_to, full, reshape_to
from .elementwise import div, eq, like, mul, where
from .indexing import put, take, zeros

Array = np.ndarray[Any, Any]


def _rows(weight: Array, index: Array, **params: Any) -> Array:
    n = len(weight)
    # Reinterpreted as unsigned, negative indices are huge: one comparison finds both errors.
    if index.size and np.maximum.reduce(index.view(np.uint64), None) >= n:
        wrong = index[(index < 0) | (index >= n)].flat[0]
        raise IndexOutOfRange(
            f"embedding: index {wrong} is out of range: the table has {n} rows, 0 to {n - 1}"
        )
    return weight.take(index, 0)


def _gradient(
    g: Any, index: Any, weight_type: ArrayType, padding_idx: int | None, scale_grad_by_freq: bool
) -> Any:
    if padding_idx is not None:
        g = where(_along(eq(index, like(index, padding_idx)), g), like(g, 0), g)
    if scale_grad_by_freq:
        g = mul(g, _along(_shares(index, weight_type), g))
    return put(zeros(weight_type), index, g, dim=0, accumulate=True)


def _along(x: Any, rows: Any) -> Any:
    """One value per row, (...), broadcast along the rows: (..., D)."""
    shape = rows._value.shape
    return broadcast_to(reshape_to(x, (*shape[:-1], 1)), shape=shape)


def _shares(index: Any, weight_type: ArrayType) -> Any:
    """For each index, 1 / (the number of times it occurs)."""
    one = full(index._value.shape, 1, weight_type.dtype)
    none = zeros(ArrayType(weight_type.shape[:1], weight_type.dtype))
    return div(one, take(put(none, index, one, dim=0, accumulate=True), index, dim=0))


# weight (V, D), index (...) -> (..., D). Row `padding_idx` gets no gradient; that of any other row
# is the sum over its occurrences, or with `scale_grad_by_freq` the mean.
embedding = Composite(
    "embedding(weight, index, *, padding_idx, scale_grad_by_freq)",
    lambda weight, index, **params: take(weight, index, dim=0),
    lambda weight, index, **params: ArrayType((*index.shape, weight.shape[1]), weight.dtype),
    value=_rows,
    weight=_gradient,
)
