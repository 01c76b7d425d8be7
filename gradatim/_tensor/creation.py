"""New tensors from Python values and from nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core import dtypes
from ..core.handle import Handle, wrap
from .dims import shape_sizes
from .tensor import Tensor as _Tensor

if TYPE_CHECKING:
    from .tensor import Tensor


def tensor(data: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor that copies `data`: a number, nested lists, or an array."""
    if isinstance(data, Handle):
        data = data._value
    array = np.array(data)
    if dtype is not None:
        array = array.astype(dtypes.of(dtype).numpy)
    elif not isinstance(data, np.ndarray | np.generic) and array.dtype == np.float64:
        array = array.astype(dtypes.get_default_dtype().numpy)
    out: Tensor = wrap(array)
    return out.requires_grad_() if requires_grad else out


def _filled(make: Any, size: Any, dtype: Any, requires_grad: bool) -> Tensor:
    kind = dtypes.get_default_dtype() if dtype is None else dtypes.of(dtype)
    out: Tensor = wrap(make(shape_sizes("size", size), kind.numpy))
    return out.requires_grad_() if requires_grad else out


def zeros(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of zeros."""
    return _filled(np.zeros, size, dtype, requires_grad)


def ones(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of ones."""
    return _filled(np.ones, size, dtype, requires_grad)


assert _Tensor
