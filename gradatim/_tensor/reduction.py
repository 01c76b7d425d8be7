"""Sums, means, products, `any` and `all`, and cumulative sums and products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core import dtypes
from ..core.handle import Handle
from ..ops import moments, running
from ..ops import reduction as ops
from ..ops.broadcast import copy, reduce_sum
from ..ops.elementwise import isnan, like, logical_not, ne, where
from .dims import one_dim, some_dims
from .numpy_names import numpy_names
from .promotion import floating, only_floats, to_dtype

if TYPE_CHECKING:
    from .tensor import Tensor

Dim = int | Sequence[int] | None
_INT64 = np.dtype(np.int64)


class Reduction(Handle):
    """Reductions and cumulative reductions."""

    @numpy_names
    def sum(input, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
        """The sum of all elements, or along `dim`; integers and bools are summed in int64.

        >>> import gradatim
        >>> gradatim.tensor([[1.0, 2.0], [3.0, 4.0]]).sum(dim=1, keepdim=True)
        tensor([[3.],
                [7.]])
        """
        x = counted(input, dtype)
        return reduce_sum(x, dims=some_dims("sum", dim, x.ndim), keepdim=keepdim)

    @numpy_names
    def mean(input, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
        """The mean of all elements, or along `dim`; nan if there are none.

        >>> import gradatim
        >>> gradatim.tensor([[1.0, 2.0], [3.0, 4.0]]).mean(0)
        tensor([2., 3.])
        """
        x = only_floats("mean", _as(input, dtype))
        return ops.mean(x, dims=some_dims("mean", dim, x.ndim), keepdim=keepdim)

    @numpy_names
    def prod(input, dim: int | None = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
        """The product of all elements, or along `dim`; integers and bools in int64.

        >>> import gradatim
        >>> gradatim.tensor([2, 3, 4]).prod()
        tensor(24)
        """
        x = counted(input, dtype)
        dims = some_dims("prod", dim if dim is None else int(dim), x.ndim)
        return running.reduce_prod(x, dims=dims, keepdim=keepdim)

    @numpy_names
    def nansum(input, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
        """The sum of the elements that are not nan."""
        x = counted(input, dtype)
        if x._value.dtype.kind == "f":
            x = where(isnan(x), like(x, 0), x)
        return reduce_sum(x, dims=some_dims("nansum", dim, x.ndim), keepdim=keepdim)

    @numpy_names
    def nanmean(input, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
        """The mean of the elements that are not nan.

        >>> import gradatim
        >>> gradatim.tensor([1.0, gradatim.nan, 3.0]).nanmean()
        tensor(2.)
        """
        x = only_floats("nanmean", _as(input, dtype))
        count: Any = Reduction.sum(logical_not(isnan(x)), dim, keepdim)
        return Reduction.nansum(x, dim, keepdim) / count

    @numpy_names
    def logsumexp(input, dim: Dim, keepdim: bool = False) -> Tensor:
        """log of the sum of e^x along `dim`, without overflow.

        >>> import gradatim
        >>> gradatim.tensor([1000.0, 1000.0]).logsumexp(0)
        tensor(1000.6932)
        """
        x = floating(input)
        return moments.logsumexp(x, dims=some_dims("logsumexp", dim, x.ndim), keepdim=keepdim)

    # -- any, all and counts -------------------------------------------------------------------

    @numpy_names
    def any(input, dim: Dim = None, keepdim: bool = False) -> Tensor:
        """Whether any element is nonzero."""
        return _truth(ops.any_, input, dim, keepdim)

    @numpy_names
    def all(input, dim: Dim = None, keepdim: bool = False) -> Tensor:
        """Whether all elements are nonzero; True if there are none.

        >>> import gradatim
        >>> (gradatim.tensor([[1, 2], [3, 0]]) > 0).all(1)
        tensor([ True, False])
        """
        return _truth(ops.all_, input, dim, keepdim)

    @numpy_names
    def count_nonzero(input, dim: Dim = None) -> Tensor:
        """The number of nonzero elements."""
        return Reduction.sum(ne(input, like(input, 0)), dim)

    # -- cumulative reductions -------------------------------------------------------------------

    @numpy_names
    def cumsum(input, dim: int, *, dtype: Any = None) -> Tensor:
        """The sum of all elements up to each position along `dim`.

        >>> import gradatim
        >>> gradatim.tensor([1, 2, 3]).cumsum(0)
        tensor([1, 3, 6])
        """
        return _running("cumsum", running.cumsum, input, dim, dtype)

    @numpy_names
    def cumprod(input, dim: int, *, dtype: Any = None) -> Tensor:
        """The product of all elements up to each position along `dim`."""
        return _running("cumprod", running.cumprod, input, dim, dtype)


def counted(x: Any, dtype: Any = None) -> Any:
    """`x` in `dtype`; without one, bools and integers become int64, as sums need."""
    if dtype is None and x._value.dtype.kind != "f":
        return to_dtype(x, _INT64)
    return _as(x, dtype)


def _as(x: Any, dtype: Any) -> Any:
    return x if dtype is None else to_dtype(x, dtypes.of(dtype).numpy)


def _truth(primitive: Any, x: Any, dim: Dim, keepdim: bool) -> Any:
    # For an empty tuple PyTorch reduces nothing here, but everything in sums.
    dims = () if dim == () else some_dims(primitive.name, dim, x.ndim)
    truth = primitive(x, dims=dims, keepdim=keepdim)
    return to_dtype(truth, x._value.dtype) if x._value.dtype == np.uint8 else truth


def _running(name: str, primitive: Any, x: Any, dim: int, dtype: Any) -> Any:
    x = counted(x, dtype)
    dim = one_dim(name, dim, x.ndim)
    return primitive(x, dim=dim) if x._value.shape else copy(x)
