"""Information about dtypes: their limits and promotion."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import dtypes
from . import promotion


class finfo:
    """The limits of a floating dtype.

    >>> from gradatim import float32
    >>> finfo(float32).eps
    1.1920928955078125e-07
    """

    def __init__(self, dtype: Any = None) -> None:
        kind = dtypes.get_default_dtype() if dtype is None else dtypes.of(dtype)
        if not kind.is_floating_point:
            raise TypeError(f"finfo: expects a floating dtype, got {kind}; use iinfo")
        info = np.finfo(kind.numpy)
        self.dtype, self.bits = kind.name, kind.itemsize * 8
        self.min, self.max, self.eps = float(info.min), float(info.max), float(info.eps)
        self.tiny = self.smallest_normal = float(info.smallest_normal)
        self.resolution = float(info.resolution)

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, "
            f"eps={self.eps:g}, smallest_normal={self.tiny:g}, tiny={self.tiny:g}, "
            f"dtype={self.dtype})"
        )


class iinfo:
    """The limits of an integer dtype.

    >>> from gradatim import uint8
    >>> iinfo(uint8)
    iinfo(min=0, max=255, dtype=uint8)
    """

    def __init__(self, dtype: Any) -> None:
        kind = dtypes.of(dtype)
        if kind.numpy.kind not in "iu":
            raise TypeError(f"iinfo: expects an integer dtype, got {kind}")
        info = np.iinfo(kind.numpy)
        self.dtype, self.bits = kind.name, kind.itemsize * 8
        self.min, self.max = int(info.min), int(info.max)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"


def promote_types(type1: Any, type2: Any) -> dtypes.dtype:
    """The common dtype of tensors of two dtypes.

    >>> from gradatim import int64, float32
    >>> promote_types(int64, float32)
    gradatim.float32
    """
    return dtypes.of(dtypes.wider(dtypes.of(type1).numpy, dtypes.of(type2).numpy))


def result_type(tensor1: Any, tensor2: Any) -> dtypes.dtype:
    """The result dtype of an operation on two tensors or numbers.

    >>> import gradatim
    >>> result_type(gradatim.tensor([1, 2]), 2.5)
    gradatim.float32
    """
    return dtypes.of(promotion.result_type(tensor1, tensor2))


def can_cast(from_: Any, to: Any) -> bool:
    """Whether one dtype may be cast to the other: never to a lower category.

    >>> from gradatim import float32, int64
    >>> can_cast(int64, float32), can_cast(float32, int64)
    (True, False)
    """
    old, new = dtypes.of(from_).numpy, dtypes.of(to).numpy
    return dtypes.category(old) <= dtypes.category(new)
