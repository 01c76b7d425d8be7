"""Triangles and diagonals of matrices."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.dtypes import of
from ..core.errors import ArgumentError, ShapeError
from ..core.handle import Handle
from ..core.storage import ArrayType
from ..ops.broadcast import copy, reduce_sum
from ..ops.creation import constant
from ..ops.elementwise import like, where
from ..ops.indexing import diagonal as _diagonal
from ..ops.indexing import zeros
from ..ops.movement import permute, update_view
from .device import check_device
from .dims import one_dim, shape_sizes
from .inplace import form
from .promotion import expanded
from .reduction import counted
from .writing import assign

if TYPE_CHECKING:
    from .tensor import Tensor

Number = bool | int | float


class Triangular(Handle):
    """`tril`, `triu`, `diagonal` and their relatives."""

    def tril(input, diagonal: int = 0) -> Tensor:
        """The last two dimensions with zeros above a diagonal (0 is the main one, 1 above it).

        >>> import gradatim
        >>> gradatim.ones(2, 2).tril()
        tensor([[1., 0.],
                [1., 1.]])
        """
        return _where_triangle("tril", input, diagonal, lower=True)

    def triu(input, diagonal: int = 0) -> Tensor:
        """The last two dimensions with zeros below a diagonal (0 is the main one, 1 above it).

        >>> import gradatim
        >>> gradatim.ones(2, 2).triu()
        tensor([[1., 1.],
                [0., 1.]])
        """
        return _where_triangle("triu", input, diagonal - 1, lower=False)

    tril_ = form(tril)
    triu_ = form(triu)

    def diagonal(input, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
        """A view of a diagonal of two dimensions, `offset` above the main one; it comes last.

        >>> import gradatim
        >>> gradatim.tensor([[1, 2], [3, 4]]).diagonal()
        tensor([1, 4])
        """
        first, second = _two_dims("diagonal", input.ndim, dim1, dim2)
        return _diagonal(input, offset=offset, dim1=first, dim2=second)

    def diag(input, diagonal: int = 0) -> Tensor:
        """The matrix with a vector on a diagonal, or a copy of a matrix's diagonal.

        >>> import gradatim
        >>> gradatim.tensor([1, 2]).diag()
        tensor([[1, 0],
                [0, 2]])
        """
        if input.ndim == 1:
            return input.diag_embed(diagonal)
        if input.ndim != 2:
            raise ShapeError(f"diag: supports 1D or 2D tensors, got shape {list(input.shape)}")
        return copy(input.diagonal(diagonal))

    def diag_embed(input, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
        """Matrices, in dimensions `dim1` and `dim2`, with the last dimension on a diagonal."""
        ndim = input.ndim + 1
        first, second = _two_dims("diag_embed", ndim, dim1, dim2)
        *rest, n = input._value.shape
        size = n + abs(offset)
        matrices = zeros(ArrayType((*rest, size, size), input._value.dtype))
        step = (_diagonal, {"offset": offset, "dim1": ndim - 2, "dim2": ndim - 1})
        out = update_view(matrices, input, view=(step,))
        order = [d for d in range(ndim) if d < ndim - 2]
        for place, source in sorted([(first, ndim - 2), (second, ndim - 1)]):
            order.insert(place, source)
        return permute(out, order=tuple(order))

    def trace(input) -> Tensor:
        """The sum of a matrix's diagonal."""
        if input.ndim != 2:
            raise ShapeError(f"trace: expects a matrix, got shape {list(input.shape)}")
        return reduce_sum(counted(input.diagonal()), dims=(0,), keepdim=False)

    def fill_diagonal_(self, fill_value: Number, wrap: bool = False) -> Tensor:
        """Fill the main diagonal; with `wrap`, it starts again further down a tall matrix."""
        shape = self._value.shape
        if len(shape) < 2 or (len(shape) > 2 and len(set(shape)) > 1):
            raise ShapeError(
                f"fill_diagonal_: expects a matrix, or equal sizes, got shape {list(shape)}"
            )
        n, m = shape[:2]
        for start in range(0, n if wrap and len(shape) == 2 else 1, m + 1):
            line: Any = self[start:]  # type: ignore[index]
            while line.ndim > 1:
                line = line.diagonal()
            assign("fill_diagonal_", line, fill_value)
        return self  # type: ignore[return-value]


def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None
) -> Tensor:
    """The indices of the lower triangle of a matrix: (2, n), rows and columns, int64.

    >>> tril_indices(2, 2)
    tensor([[0, 1, 1],
            [0, 0, 1]])
    """
    shape = shape_sizes("tril_indices", (row, col))
    return _places(triangle(*shape, offset, True), dtype, device)


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None
) -> Tensor:
    """The indices of the upper triangle of a matrix: (2, n), rows and columns, int64."""
    shape = shape_sizes("triu_indices", (row, col))
    return _places(triangle(*shape, offset - 1, False), dtype, device)


def _places(mask: Any, dtype: Any, device: Any) -> Any:
    check_device(device)
    kind = np.dtype(np.int64) if dtype is None else of(dtype).numpy
    return constant(array=np.argwhere(mask).T.astype(kind, order="C"))


def _where_triangle(name: str, x: Any, diagonal: int, *, lower: bool) -> Any:
    shape = x._value.shape
    if len(shape) < 2:
        raise ShapeError(f"{name}: input must have at least 2 dimensions, got {list(shape)}")
    mask = expanded(constant(array=triangle(*shape[-2:], diagonal, lower)), shape)
    return where(mask, x, like(x, 0))


@lru_cache(maxsize=8)  # causal attention needs the same mask in every step
def triangle(rows: int, columns: int, diagonal: int, lower: bool) -> Any:
    """A read-only array, true on and below a diagonal if `lower`, otherwise true above it."""
    below = np.tri(rows, columns, diagonal, dtype=np.bool_)
    mask = below if lower else ~below
    mask.flags.writeable = False
    return mask


def _two_dims(name: str, ndim: int, dim1: int, dim2: int) -> tuple[int, int]:
    first, second = one_dim(name, dim1, ndim), one_dim(name, dim2, ndim)
    if first == second:
        raise ArgumentError(f"{name}: diagonal dimensions cannot be identical {dim1}, {dim2}")
    return first, second
