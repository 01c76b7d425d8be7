"""The same bytes as numbers of another dtype: `x.view(dtype)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core import dtypes
from ..core.errors import ShapeError
from ..core.numbers import glance
from ..ops.movement import reinterpret

if TYPE_CHECKING:
    from .tensor import Tensor


def reinterpreted(x: Any, dtype: Any) -> Tensor:
    """The memory of `x` as numbers of a dtype, without history: writes to either are seen in both.

    Errors: ShapeError if numbers of another size do not fit into the last dimension.
    """
    wanted = dtypes.of(dtype).numpy
    array = glance(x)
    if array is not None and wanted.itemsize != array.itemsize:
        _check_fit(array, wanted, x.storage_offset())
    return reinterpret(x, dtype=wanted).detach()


def _check_fit(array: np.ndarray[Any, Any], wanted: np.dtype[Any], offset: int) -> None:
    """Refuse what would begin or end inside a number of the other size, as PyTorch does."""
    sizes = f"{array.dtype} of {array.itemsize} bytes as {wanted} of {wanted.itemsize}"
    if not array.ndim:
        raise ShapeError(f"view: a 0-d tensor cannot be seen in another size, {sizes}; x[None] can")
    if array.size and array.strides[-1] != array.itemsize:
        raise ShapeError(
            f"view: to see {sizes}, the numbers of the last dimension must be adjacent in memory,"
            f" but their stride is {array.strides[-1] // array.itemsize}; use x.contiguous()"
        )
    whole = max(1, wanted.itemsize // array.itemsize)
    if array.shape[-1] % whole:
        raise ShapeError(
            f"view: to see {sizes}, the last dimension must be divisible by {whole}, "
            f"but it is {array.shape[-1]}"
        )
    steps = [stride // array.itemsize for stride in array.strides[:-1]]
    if any(n % whole for n in (offset, *steps)):
        raise ShapeError(
            f"view: to see {sizes}, rows must begin at multiples of {whole} numbers, but the first "
            f"is at {offset} and strides are {steps}; use x.clone()"
        )
