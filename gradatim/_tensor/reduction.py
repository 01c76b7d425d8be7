"""Sums, means, extremes and what is built on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core import dtypes
from ..core.errors import ArgumentError, DTypeError
from ..core.handle import Handle
from ..ops import reduction as ops
from ..ops.broadcast import reduce_sum
from .dims import some_dims
from .promotion import to_dtype

if TYPE_CHECKING:
    from .tensor import Tensor

Dim = int | Sequence[int] | None
_INT64 = np.dtype(np.int64)


class Reduction(Handle):
    """Many numbers to one."""

    def sum(
        input, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None, axis: Dim = None
    ) -> Tensor:
        """The sum of all elements, or along `dim`; integers and bools add up in int64."""
        x: Any = counted(input) if dtype is None else to_dtype(input, dtypes.of(dtype).numpy)
        dims = some_dims("sum", _dim(dim, axis), x.ndim)
        return reduce_sum(x, dims=dims, keepdim=keepdim)

    def mean(
        input, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None, axis: Dim = None
    ) -> Tensor:
        """The mean of all elements, or along `dim`."""
        x: Any = input if dtype is None else to_dtype(input, dtypes.of(dtype).numpy)
        if x._value.dtype.kind != "f":
            raise DTypeError(f"mean: needs a floating tensor, got {x.dtype}; use .float() first")
        dims = some_dims("mean", _dim(dim, axis), x.ndim)
        return ops.mean(x, dims=dims, keepdim=keepdim)

    def any(input, dim: Dim = None, keepdim: bool = False, *, axis: Dim = None) -> Tensor:
        """Whether any element is nonzero."""
        dims = some_dims("any", _dim(dim, axis), input.ndim)
        return ops.any_(input, dims=dims, keepdim=keepdim)

    def all(input, dim: Dim = None, keepdim: bool = False, *, axis: Dim = None) -> Tensor:
        """Whether all elements are nonzero."""
        dims = some_dims("all", _dim(dim, axis), input.ndim)
        return ops.all_(input, dims=dims, keepdim=keepdim)


def _dim(dim: Dim, axis: Dim) -> Dim:
    """`axis` is NumPy's word for `dim`; PyTorch takes either."""
    if axis is None:
        return dim
    if dim is not None:
        raise ArgumentError("give dim or axis, not both: they mean the same")
    return axis


def counted(x: Any) -> Any:
    """Bools and integers as int64, in which they are counted."""
    return x if x._value.dtype.kind == "f" else to_dtype(x, _INT64)
