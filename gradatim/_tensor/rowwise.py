"""Softmax and log-softmax as methods and functions; `nn.functional` has them too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core import dtypes
from ..core.handle import Handle
from ..ops import rowwise as ops
from .dims import one_dim
from .numpy_names import numpy_names
from .promotion import floating, to_dtype

if TYPE_CHECKING:
    from .tensor import Tensor


class Rowwise(Handle):
    """`softmax` and `log_softmax`."""

    @numpy_names
    def softmax(input, dim: int, dtype: Any = None) -> Tensor:
        """Positive numbers that sum to 1 along `dim`: e^(x_i) / sum_j e^(x_j).

        >>> import gradatim
        >>> gradatim.zeros(2).softmax(0)
        tensor([0.5000, 0.5000])
        """
        return _along("softmax", ops.softmax, input, dim, dtype)

    @numpy_names
    def log_softmax(input, dim: int, dtype: Any = None) -> Tensor:
        """log softmax(x) = x_i - log sum_j e^(x_j), accurate even where softmax underflows."""
        return _along("log_softmax", ops.log_softmax, input, dim, dtype)


def _along(name: str, operation: Any, x: Any, dim: int, dtype: Any) -> Any:
    x = floating(x if dtype is None else to_dtype(x, dtypes.of(dtype).numpy))
    dim = one_dim(name, dim, x.ndim)
    if not x.ndim:
        return operation(x.reshape(1), dim=0).reshape(())
    return operation(x, dim=dim)
