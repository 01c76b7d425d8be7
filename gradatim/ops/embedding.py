"""Rows of a table, chosen by number: a one-hot vector times a matrix, without the zeros."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import IndexOutOfRange
from ..core.primitive import Composite
from ..core.storage import ArrayType
from .broadcast import broadcast_to, reshape_to
from .elementwise import eq, like, where
from .indexing import put, take, zeros

Array = np.ndarray[Any, Any]


def _rows(weight: Array, index: Array, *, padding_idx: int | None) -> Array:
    n = len(weight)
    # As unsigned numbers the negative ones are huge: one comparison finds both kinds.
    if index.size and np.maximum.reduce(index.view(np.uint64), None) >= n:
        wrong = index[(index < 0) | (index >= n)].flat[0]
        raise IndexOutOfRange(
            f"embedding: index {wrong} is out of range: the table has {n} rows, 0 to {n - 1}"
        )
    return weight.take(index, 0)


def _gradient(g: Any, index: Any, weight_type: ArrayType, padding_idx: int | None) -> Any:
    if padding_idx is not None:
        shape = g._value.shape
        padding = eq(index, like(index, padding_idx))
        spread = broadcast_to(reshape_to(padding, (*shape[:-1], 1)), shape=shape)
        g = where(spread, like(g, 0), g)
    return put(zeros(weight_type), index, g, dim=0, accumulate=True)


# weight (V, D), index (...) -> (..., D); row `padding_idx` gets no gradient
embedding = Composite(
    "embedding(weight, index, *, padding_idx)",
    lambda weight, index, *, padding_idx: take(weight, index, dim=0),
    lambda weight, index, *, padding_idx: ArrayType((*index.shape, weight.shape[1]), weight.dtype),
    value=_rows,
    weight=_gradient,
)
