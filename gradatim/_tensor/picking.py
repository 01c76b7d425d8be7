"""Reading and writing whole slices of one dimension, or places of the flattened tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.dtypes import of
from ..core.errors import DTypeError, ShapeError
from ..core.handle import Handle
from ..core.numbers import glance
from ..ops import indexing as ops
from ..ops.broadcast import full, numel, reshape_to
from ..ops.elementwise import add, like, lt, where
from ..ops.movement import slice_
from .dims import one_dim
from .inplace import form
from .numpy_names import numpy_names
from .promotion import expanded, to_dtype
from .writing import number_for

if TYPE_CHECKING:
    from .tensor import Tensor

Number = bool | int | float
_INT64 = np.dtype(np.int64)


class Picked(Handle):
    """`index_select`, `index_add`, `take` and their relatives."""

    # -- whole slices ------------------------------------------------------------------------

    @numpy_names
    def index_select(input, dim: int, index: Tensor) -> Tensor:
        """The slices of `dim` that a vector of places names, in its order.

        Errors: IndexOutOfRange for a place that is not there.

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
        """A copy with `alpha * source` added to the slices `index`; equal places add up.

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
        """A copy with `source` in the place of the slices `index`."""
        dim, places = _vector("index_copy", input, dim, index)
        values = _slices("index_copy", input, dim, places, source)
        x = at_least_1d(input)
        return _along(input, ops.put(x, places, values, dim=dim, accumulate=False))

    @numpy_names
    def index_fill(input, dim: int, index: Tensor, value: Tensor | Number) -> Tensor:
        """A copy with one number in the slices `index`."""
        dim, places = _vector("index_fill", input, dim, index)
        x = at_least_1d(input)
        shape = x._value.shape
        values = one_number("index_fill", x, value)
        values = expanded(values, (*shape[:dim], *places._value.shape, *shape[dim + 1 :]))
        return _along(input, ops.put(x, places, values, dim=dim, accumulate=False))

    index_add_ = form(index_add)
    index_copy_ = form(index_copy)
    index_fill_ = form(index_fill)

    # -- places in the flattened tensor --------------------------------------------------------

    def take(input, index: Tensor) -> Tensor:
        """The elements at these places of the flattened input, shaped as `index`.

        >>> import gradatim
        >>> gradatim.tensor([[1, 2], [3, 4]]).take(gradatim.tensor([3, 0]))
        tensor([4, 1])
        """
        return ops.take(flat(input), int64("take", index), dim=0)

    def put(input, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
        """A copy with `source` at these places of the flattened tensor."""
        places = flat(int64("put", index))
        values = flat(same_dtype("put", input, source))
        if values._value.shape != places._value.shape:
            raise ShapeError(
                f"put: index and source must be equally many, got shapes {list(index.shape)} and "
                f"{list(source.shape)}"
            )
        written = ops.put(flat(input), places, values, dim=0, accumulate=accumulate)
        return reshape_to(written, input._value.shape)

    put_ = form(put)


def _vector(name: str, x: Any, dim: int, index: Any) -> tuple[int, Any]:
    """The dimension from the front, and its places as a vector."""
    places = at_least_1d(int64(name, index))
    if len(places._value.shape) != 1:
        raise ShapeError(f"{name}: index is supposed to be a vector, got shape {[*index.shape]}")
    return one_dim(name, dim, x.ndim), places


def _slices(name: str, x: Any, dim: int, places: Any, source: Any) -> Any:
    """The source, checked to have one slice for each place."""
    shape = at_least_1d(x)._value.shape
    values = at_least_1d(same_dtype(name, x, source))
    expected = (*shape[:dim], *places._value.shape, *shape[dim + 1 :])
    if values._value.shape != expected:
        raise ShapeError(
            f"{name}: source needs one slice of dimension {dim} for each of the "
            f"{expected[dim]} indices, shape {list(expected)}, got {list(values._value.shape)}"
        )
    return values


def _along(x: Any, out: Any) -> Any:
    """A result for `x`: without dimensions, if `x` has none."""
    return out if x._value.shape else reshape_to(out, ())


# -- what functions with places share ---------------------------------------------------------


def int64(name: str, index: Any) -> Any:
    """An integer tensor as int64; nothing else can be an index here."""
    if not isinstance(index, Handle):
        raise TypeError(f"{name}: index must be a tensor of integers, got {type(index).__name__}")
    dtype = index._value.dtype
    if dtype not in (_INT64, np.int32):
        raise DTypeError(f"{name}: expected dtype int32 or int64 for index, got {of(dtype).name}")
    return to_dtype(index, _INT64)


def same_dtype(name: str, x: Any, source: Any) -> Any:
    """The source itself if it has the dtype of `x`."""
    ours, theirs = x._value.dtype, source._value.dtype
    if ours != theirs:
        raise DTypeError(
            f"{name}: expected self.dtype to be equal to src.dtype, got {of(ours).name} and "
            f"{of(theirs).name}; use .to({of(ours)})"
        )
    return source


def one_number(name: str, x: Any, value: Any) -> Any:
    """A Python number or 0-d tensor as a 0-d tensor of the dtype of `x`."""
    dtype = x._value.dtype
    if not isinstance(value, Handle):
        return full((), number_for(name, value, dtype), dtype)
    if value._value.shape:
        raise ShapeError(
            f"{name}: only supports a number or a 0-dimensional value tensor, got shape "
            f"{[*value._value.shape]}"
        )
    return to_dtype(value, dtype)


def at_least_1d(x: Any) -> Any:
    """A 0-d tensor as one of shape (1,)."""
    return x if x._value.shape else reshape_to(x, (1,))


def flat(x: Any) -> Any:
    """All elements in one dimension."""
    return reshape_to(x, (numel(x._value.shape),))


def from_front(index: Any, n: int) -> Any:
    """Indices counted from the front only."""
    numbers = glance(index)
    if numbers is not None and (not numbers.size or numbers.min() >= 0):
        return index
    return where(lt(index, like(index, 0)), add(index, like(index, n)), index)


def part(x: Any, start: int | None, stop: int | None) -> Any:
    """Elements `start` to `stop` of the first dimension, as a view."""
    return slice_(x, index=(slice(start, stop),))
