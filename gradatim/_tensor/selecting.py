"""Reading and writing by index: slices along one dimension, or elements of the flattened tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import ShapeError
from ..core.handle import Handle
from ..ops import indexing as ops
from ..ops.broadcast import reshape_to
from .dims import one_dim
from .index_arguments import as_index, as_scalar, at_least_1d, check_same_dtype, flattened
from .inplace import form
from .numpy_names import numpy_names
from .promotion import expanded

if TYPE_CHECKING:
    from .tensor import Tensor

Number = bool | int | float
_INT64 = np.dtype(np.int64)


class Selecting(Handle):
    """`index_select`, `index_add`, `take` and their relatives."""

    # -- whole slices ------------------------------------------------------------------------

    @numpy_names
    def index_select(input, dim: int, index: Tensor) -> Tensor:
        """The slices of `dim` at the indices in a vector, in its order.

        Errors: IndexOutOfRange for an index out of range.

        >>> import gradatim
        >>> gradatim.tensor([[1, 2], [3, 4]]).index_select(1, gradatim.tensor([1, 1, 0]))
        tensor([[2, 2, 1],
                [4, 4, 3]])
        """
        dim, places = _vector("index_select", input, dim, index)
        if not input.ndim and places.numel() != 1:
            raise ShapeError(
                f"index_select: a 0-d tensor has one slice, 0, and index names {places.numel()}"
            )
        return _along(input, ops.take(at_least_1d(input), places, dim=dim))

    @numpy_names
    def index_add(input, dim: int, index: Tensor, source: Tensor, *, alpha: Number = 1) -> Tensor:
        """A copy with `alpha * source` added to slices `index`; equal indices add up.

        >>> import gradatim
        >>> places = gradatim.tensor([0, 2, 0])
        >>> gradatim.zeros(3).index_add(0, places, gradatim.tensor([1.0, 2.0, 3.0]))
        tensor([4., 0., 2.])
        """
        dim, places = _vector("index_add", input, dim, index)
        values = _slices("index_add", input, dim, places, source)
        if alpha != 1:
            values = values * alpha
        x = at_least_1d(input)
        return _along(input, ops.put(x, places, values, dim=dim, accumulate=True))

    @numpy_names
    def index_copy(input, dim: int, index: Tensor, source: Tensor) -> Tensor:
        """A copy with the slices `index` replaced by those of `source`."""
        dim, places = _vector("index_copy", input, dim, index)
        values = _slices("index_copy", input, dim, places, source)
        x = at_least_1d(input)
        return _along(input, ops.put(x, places, values, dim=dim, accumulate=False))

    @numpy_names
    def index_fill(input, dim: int, index: Tensor, value: Tensor | Number) -> Tensor:
        """A copy with the slices `index` filled with one number."""
        dim, places = _vector("index_fill", input, dim, index)
        x = at_least_1d(input)
        shape = x._value.shape
        values = as_scalar("index_fill", x, value)
        values = expanded(values, (*shape[:dim], *places._value.shape, *shape[dim + 1 :]))
        return _along(input, ops.put(x, places, values, dim=dim, accumulate=False))

    index_add_ = form(index_add)
    index_copy_ = form(index_copy)
    index_fill_ = form(index_fill)

    # -- elements of the flattened tensor ------------------------------------------------------

    def take(input, index: Tensor) -> Tensor:
        """The elements of the flattened input at these indices, with the shape of `index`.

        >>> import gradatim
        >>> gradatim.tensor([[1, 2], [3, 4]]).take(gradatim.tensor([3, 0]))
        tensor([4, 1])
        """
        return ops.take(flattened(input), as_index("take", index), dim=0)

    def put(input, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
        """A copy with `source` written at these indices of the flattened tensor."""
        places = flattened(as_index("put", index))
        values = flattened(check_same_dtype("put", input, source))
        if values._value.shape != places._value.shape:
            raise ShapeError(
                f"put: index and source must be equally many, got shapes {list(index.shape)} and "
                f"{list(source.shape)}"
            )
        written = ops.put(flattened(input), places, values, dim=0, accumulate=accumulate)
        return reshape_to(written, input._value.shape)

    put_ = form(put)


def _vector(name: str, x: Any, dim: int, index: Any) -> tuple[int, Any]:
    """The dimension as a non-negative number, and the index as a vector."""
    places = at_least_1d(as_index(name, index))
    if len(places._value.shape) != 1:
        raise ShapeError(f"{name}: index is supposed to be a vector, got shape {[*index.shape]}")
    return one_dim(name, dim, x.ndim), places


def _slices(name: str, x: Any, dim: int, places: Any, source: Any) -> Any:
    """The source, checked to have one slice per index."""
    shape = at_least_1d(x)._value.shape
    values = at_least_1d(check_same_dtype(name, x, source))
    expected = (*shape[:dim], *places._value.shape, *shape[dim + 1 :])
    if values._value.shape != expected:
        raise ShapeError(
            f"{name}: source needs one slice of dimension {dim} for each of the "
            f"{expected[dim]} indices, shape {list(expected)}, got {list(values._value.shape)}"
        )
    return values


def _along(x: Any, out: Any) -> Any:
    """The result, made 0-d if `x` is."""
    return out if x._value.shape else reshape_to(out, ())
