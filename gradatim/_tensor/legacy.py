"""PyTorch's old constructors: `Tensor(2, 3)`, `Tensor([1, 2])`, `LongTensor([1, 2])`.

Integers are sizes, but sequences are data; `tensor`, `zeros` and `empty` are clearer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core import dtypes
from ..core.handle import Handle
from ..ops.creation import constant
from .creation import new_shape
from .device import check_device
from .dims import Size
from .nested import array_from
from .promotion import to_dtype

if TYPE_CHECKING:
    from .tensor import Tensor


class Constructed(Handle):
    """`Tensor(...)`."""

    def __init__(self, *data: Any, device: Any = None) -> None:
        check_device(device)
        if len(data) == 1 and isinstance(data[0], Handle):
            source = data[0]
            self._value, self._storage, self._view = source._value, source._storage, source._view
            return
        made = constant(array=_array("Tensor", data, dtypes.get_default_dtype()))
        self._value, self._storage = made._value, made._storage


def FloatTensor(*data: Any) -> Tensor:
    """`tensor(data, dtype=float32)`; integers are sizes."""
    return _typed("FloatTensor", dtypes.float32, data)


def DoubleTensor(*data: Any) -> Tensor:
    """`tensor(data, dtype=float64)`; integers are sizes."""
    return _typed("DoubleTensor", dtypes.float64, data)


def LongTensor(*data: Any) -> Tensor:
    """`tensor(data, dtype=int64)`; integers are sizes.

    >>> LongTensor([1, 2])
    tensor([1, 2])
    """
    return _typed("LongTensor", dtypes.int64, data)


def IntTensor(*data: Any) -> Tensor:
    """`tensor(data, dtype=int32)`; integers are sizes."""
    return _typed("IntTensor", dtypes.int32, data)


def ByteTensor(*data: Any) -> Tensor:
    """`tensor(data, dtype=uint8)`; integers are sizes."""
    return _typed("ByteTensor", dtypes.uint8, data)


def BoolTensor(*data: Any) -> Tensor:
    """`tensor(data, dtype=bool)`; integers are sizes."""
    return _typed("BoolTensor", dtypes.bool_, data)


def _typed(name: str, kind: dtypes.dtype, data: tuple[Any, ...]) -> Tensor:
    if len(data) == 1 and isinstance(data[0], Handle):
        return to_dtype(data[0], kind.numpy)
    return constant(array=_array(name, data, kind))


def _array(name: str, data: tuple[Any, ...], kind: dtypes.dtype) -> np.ndarray[Any, Any]:
    """Zeros of sizes given as integers or as a `Size`, or the data of a sequence."""
    if len(data) == 1 and not isinstance(data[0], int | Size):
        if isinstance(data[0], float):
            raise TypeError(
                f"{name}: expects sizes or a sequence of numbers, got {data[0]}; "
                "use gradatim.tensor for one number"
            )
        return array_from(name, data[0], kind.numpy)
    return np.zeros(new_shape(name, data or (0,)), kind.numpy)
