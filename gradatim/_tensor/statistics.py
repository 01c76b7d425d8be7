"""Variance, standard deviation and norms."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..core import dtypes
from ..core.errors import ArgumentError
from ..core.handle import Handle, check_tensor
from ..ops import moments
from ..ops.broadcast import numel
from ..ops.reduction import mean
from .dims import some_dims
from .extremes import refuse_empty
from .numpy_names import numpy_names
from .promotion import only_floats, to_dtype

if TYPE_CHECKING:
    from .tensor import Tensor

Dim = int | Sequence[int] | None
Number = int | float


class Statistics(Handle):
    """`var`, `std`, `norm` and their relatives."""

    @numpy_names
    def var(
        input,
        dim: Dim | bool = None,
        unbiased: bool | None = None,
        keepdim: bool = False,
        *,
        correction: Number | None = None,
    ) -> Tensor:
        """The sum of squared deviations from the mean, divided by n - `correction` (default 1).

        `unbiased=False` means `correction=0`, and so does `x.var(False)`.

        >>> import gradatim
        >>> x = gradatim.tensor([1.0, 2.0, 3.0])
        >>> x.var(), x.var(unbiased=False)
        (tensor(1.), tensor(0.6667))
        """
        return _spread("var", moments.var, input, dim, unbiased, keepdim, correction)

    @numpy_names
    def std(
        input,
        dim: Dim | bool = None,
        unbiased: bool | None = None,
        keepdim: bool = False,
        *,
        correction: Number | None = None,
    ) -> Tensor:
        """The square root of the variance; see `var`."""
        return _spread("std", moments.std, input, dim, unbiased, keepdim, correction)

    @numpy_names
    def var_mean(
        input,
        dim: Dim | bool = None,
        unbiased: bool | None = None,
        keepdim: bool = False,
        *,
        correction: Number | None = None,
    ) -> tuple[Tensor, Tensor]:
        """The variance and the mean."""
        spread = _spread("var_mean", moments.var, input, dim, unbiased, keepdim, correction)
        return spread, _mean(input, dim, keepdim)

    @numpy_names
    def std_mean(
        input,
        dim: Dim | bool = None,
        unbiased: bool | None = None,
        keepdim: bool = False,
        *,
        correction: Number | None = None,
    ) -> tuple[Tensor, Tensor]:
        """The standard deviation and the mean."""
        spread = _spread("std_mean", moments.std, input, dim, unbiased, keepdim, correction)
        return spread, _mean(input, dim, keepdim)

    @numpy_names
    def norm(
        input,
        p: Number | str | None = "fro",
        dim: Dim = None,
        keepdim: bool = False,
        *,
        dtype: Any = None,
    ) -> Tensor:
        """(sum |x|^p)^(1/p), the Euclidean length by default.

        `p` is any number; inf gives the largest |x|, -inf the smallest, 0 the count of nonzeros.
        No elements have no norm of order inf or below 0.

        >>> import gradatim
        >>> gradatim.tensor([3.0, 4.0]).norm()
        tensor(5.)
        """
        x: Any = input if dtype is None else to_dtype(input, dtypes.of(dtype).numpy)
        only_floats("norm", x)
        if p is None or p == "fro":
            p = 2
        if isinstance(p, str):
            raise ArgumentError(f'norm: p must be a number or "fro", got {p!r}')
        dims = some_dims("norm", dim, x.ndim)
        if p == float("inf") or p < 0:
            refuse_empty(f"norm of order {p:g}", x, dims)
        return moments.norm(x, p=float(p), dims=dims, keepdim=keepdim)

    def dist(input, other: Tensor, p: float = 2) -> Tensor:
        """The norm of the difference."""
        check_tensor("dist", other, "other")
        x: Any = input
        return (x - other).norm(p)


def _spread(
    name: str,
    composite: Any,
    x: Any,
    dim: Any,
    unbiased: bool | None,
    keepdim: bool,
    correction: Number | None,
) -> Any:
    only_floats(name, x)
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not None and correction is not None:
        raise TypeError(f"{name}: give unbiased or correction, not both")
    if correction is None:
        correction = 0 if unbiased is False else 1
    dims = some_dims(name, dim, x.ndim)
    if numel(tuple(x._value.shape[d] for d in dims)) <= correction:
        warnings.warn(
            f"{name}: degrees of freedom is <= 0: {correction} or fewer elements are reduced, "
            "so the result is nan or inf; use unbiased=False",
            stacklevel=4,
        )
    return composite(x, dims=dims, correction=correction, keepdim=keepdim)


def _mean(x: Any, dim: Any, keepdim: bool) -> Any:
    dims = some_dims("mean", None if isinstance(dim, bool) else dim, x.ndim)
    return mean(x, dims=dims, keepdim=keepdim)
