"""Reading and writing single elements by their indices along one dimension."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import ArgumentError, ShapeError
from ..core.handle import Handle
from ..ops import indexing as ops
from ..ops import scatter_reduce as meet
from ..ops.broadcast import copy, full, numel, reshape_to
from ..ops.elementwise import div, floor_divide, like, maximum
from ..ops.movement import slice_, update_view
from .dims import one_dim, sliced_dim
from .index_arguments import as_index, at_least_1d, check_same_dtype, flattened, nonnegative
from .inplace import form
from .numpy_names import numpy_names
from .promotion import broadcast_shape, expanded
from .writing import number_for

if TYPE_CHECKING:
    from .tensor import Tensor

Number = bool | int | float
Shape = tuple[int, ...]


class Scattered(Handle):
    """`gather`, `scatter` and their relatives."""

    @numpy_names
    def gather(input, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
        """For each element of `index`, the element of `input` with that index along `dim`.

        `out[i, j] = input[i, index[i, j]]` for `dim=1`; `index` must be no larger than `input` in
        the other dimensions.

        >>> import gradatim
        >>> x = gradatim.tensor([[1, 2], [3, 4]])
        >>> x.gather(1, gradatim.tensor([[1], [0]]))
        tensor([[2],
                [3]])
        """
        places = as_index("gather", index)
        dim = one_dim("gather", dim, input.ndim)
        if not numel(places._value.shape):
            return ops.take(flattened(input), places, dim=0)
        x, at = _matched("gather", input, places, dim)
        covered = _corner(x, at._value.shape, dim)
        part = x if covered is None else slice_(x, index=covered)
        return reshape_to(ops.gather(part, at, dim=dim), places._value.shape)

    @numpy_names
    def take_along_dim(input, indices: Tensor, dim: int | None = None) -> Tensor:
        """`gather` with broadcasting; without `dim`, from the flattened input.

        >>> import gradatim
        >>> x = gradatim.tensor([[3, 1, 2]])
        >>> x.take_along_dim(x.argsort(1), 1)
        tensor([[1, 2, 3]])
        """
        x: Any = input
        places = as_index("take_along_dim", indices)
        if dim is None:
            x, places, dim = flattened(x), flattened(places), 0
        dim = sliced_dim("take_along_dim", dim, x.ndim)
        if places.ndim != x.ndim:
            raise ShapeError(
                f"take_along_dim: input and indices need equally many dimensions, got shapes "
                f"{list(x.shape)} and {list(places.shape)}"
            )
        n, m = x._value.shape[dim], places._value.shape[dim]
        rest = [(*s[:dim], 1, *s[dim + 1 :]) for s in (x._value.shape, places._value.shape)]
        shape = broadcast_shape("take_along_dim", *rest)
        x = expanded(x, (*shape[:dim], n, *shape[dim + 1 :]))
        places = expanded(nonnegative(places, n), (*shape[:dim], m, *shape[dim + 1 :]))
        return ops.gather(x, places, dim=dim)

    @numpy_names
    def scatter(
        input,
        dim: int,
        index: Tensor,
        src: Tensor | Number | None = None,
        *,
        value: Number | None = None,
        reduce: str | None = None,
    ) -> Tensor:
        """A copy with elements of `src` (or one number) written at `index` along `dim`.

        `out[i, index[i, j]] = src[i, j]` for `dim=1`. `reduce` is "add" or "multiply".

        >>> import gradatim
        >>> gradatim.zeros(2, 3).scatter(1, gradatim.tensor([[2], [0]]), 1.0)
        tensor([[0., 0., 1.],
                [1., 0., 0.]])
        """
        if (src is None) == (value is None):
            raise ArgumentError("scatter: give either src or value")
        source = value if src is None else src
        if reduce not in _SCATTER:
            raise ArgumentError(f'scatter: reduce must be "add" or "multiply", got {reduce!r}')
        return _scattered("scatter", _SCATTER[reduce], input, dim, index, source)

    @numpy_names
    def scatter_add(input, dim: int, index: Tensor, src: Tensor) -> Tensor:
        """A copy with `src` added at `index` along `dim`; values at equal indices add up.

        >>> import gradatim
        >>> places = gradatim.tensor([0, 2, 0])
        >>> gradatim.zeros(3).scatter_add(0, places, gradatim.tensor([1.0, 2.0, 3.0]))
        tensor([4., 0., 2.])
        """
        return _scattered("scatter_add", _ADD, input, dim, index, src)

    @numpy_names
    def scatter_reduce(
        input,
        dim: int,
        index: Tensor,
        src: Tensor,
        reduce: str,
        *,
        include_self: bool = True,
    ) -> Tensor:
        """A copy in which all elements of `src` with the same `index` along `dim` are reduced.

        `reduce` is "sum", "prod", "mean", "amax" or "amin"; the original element is included
        unless `include_self` is false.

        >>> import gradatim
        >>> x, places = gradatim.zeros(2), gradatim.tensor([0, 0, 1])
        >>> x.scatter_reduce(0, places, gradatim.tensor([1.0, 5.0, 2.0]), "amax")
        tensor([5., 2.])
        """
        name = "scatter_reduce"
        if reduce not in _REDUCE:
            raise ArgumentError(
                f"{name}: reduce must be one of {', '.join(_REDUCE)}, got {reduce!r}"
            )
        x: Any = input
        dtype = x._value.dtype
        if not include_self:
            x = _scattered(name, _WRITE, x, dim, index, _neutral(reduce, dtype))
        out = _scattered(name, _REDUCE[reduce], x, dim, index, src)
        if reduce != "mean":
            return out
        start = full(x._value.shape, int(include_self), dtype)
        count = _scattered(name, _ADD, start, dim, index, 1)
        divide = div if dtype.kind == "f" else floor_divide
        return divide(out, maximum(count, like(count, 1)))

    scatter_ = form(scatter)
    scatter_add_ = form(scatter_add)
    scatter_reduce_ = form(scatter_reduce)


_WRITE = partial(ops.scatter, accumulate=False)
_ADD = partial(ops.scatter, accumulate=True)
_SCATTER: dict[str | None, Callable[..., Any]] = {
    None: _WRITE,
    "add": _ADD,
    "multiply": meet.scatter_prod,
}
_REDUCE: dict[str, Callable[..., Any]] = {
    "sum": _ADD,
    "prod": meet.scatter_prod,
    "mean": _ADD,
    "amax": partial(meet.scatter_extreme, largest=True),
    "amin": partial(meet.scatter_extreme, largest=False),
}


def _neutral(reduce: str, dtype: np.dtype[Any]) -> Number:
    """The neutral element of a reduction."""
    if reduce not in ("amax", "amin"):
        return int(reduce == "prod")
    if dtype.kind == "f":
        return float("-inf") if reduce == "amax" else float("inf")
    if dtype.kind == "b":
        return reduce == "amin"
    limits = np.iinfo(dtype)
    return int(limits.min if reduce == "amax" else limits.max)


def _scattered(
    name: str, operation: Callable[..., Any], input: Any, dim: int, index: Any, source: Any
) -> Any:
    """Apply `operation(part, places, values)` to the part of `input` that `index` covers."""
    places = as_index(name, index)
    dim = one_dim(name, dim, input.ndim)
    if not numel(places._value.shape):
        return copy(input)
    x, places = _matched(name, input, places, dim)
    shape = places._value.shape
    values = _source(name, x, source, shape)
    covered = _corner(x, shape, dim)
    part = x if covered is None else slice_(x, index=covered)
    new = operation(part, places, values, dim=dim)
    if covered is not None:
        new = update_view(x, new, view=((slice_, {"index": covered}),))
    return reshape_to(new, input._value.shape)


def _source(name: str, x: Any, source: Any, shape: Shape) -> Any:
    """The part of the source that has the shape of the index; a number is broadcast."""
    if not isinstance(source, Handle):
        dtype = x._value.dtype
        return full(shape, number_for(name, source, dtype), dtype)
    values = at_least_1d(check_same_dtype(name, x, source))
    given = values._value.shape
    if len(given) != len(shape) or any(n < m for n, m in zip(given, shape, strict=True)):
        raise ShapeError(
            f"{name}: expected index {list(shape)} to be no larger than src {list(given)} in any "
            "dimension"
        )
    return values if given == shape else slice_(values, index=tuple(map(slice, shape)))


def _matched(name: str, input: Any, index: Any, dim: int) -> tuple[Any, Any]:
    """Input and index as tensors of at least one dimension, with their shapes checked."""
    x, places = at_least_1d(input), at_least_1d(index)
    own, shape = x._value.shape, places._value.shape
    if len(own) != len(shape):
        raise ShapeError(
            f"{name}: index must have the same number of dimensions as the input, got shapes "
            f"{list(shape)} and {list(own)}"
        )
    for d, (n, m) in enumerate(zip(shape, own, strict=True)):
        if d != dim and n > m:
            raise ShapeError(
                f"{name}: size does not match at dimension {d}: expected index {list(shape)} to "
                f"be no larger than input {list(own)} apart from dimension {dim}"
            )
    return x, places


def _corner(x: Any, shape: Shape, dim: int) -> tuple[slice, ...] | None:
    """The part of `x` that an index of this shape covers; None if it covers all."""
    own = x._value.shape
    if own[:dim] == shape[:dim] and own[dim + 1 :] == shape[dim + 1 :]:
        return None
    return tuple(slice(None) if d == dim else slice(n) for d, n in enumerate(shape))
