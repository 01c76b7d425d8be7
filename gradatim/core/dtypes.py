"""The element types, under PyTorch's names, and how they combine.

A `dtype` wraps a NumPy dtype. Promotion follows PyTorch's categories (bool < integer < floating):
an operand is widened only by one of a higher category, or by a wider dtype of the same kind of
operand (tensors with dimensions, 0-d tensors, Python numbers: weights 2, 1, 0).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from .errors import DTypeError


class dtype:
    """An element type such as `gradatim.float32`.

    >>> float32.itemsize, float32.is_floating_point
    (4, True)
    """

    __slots__ = ("is_floating_point", "itemsize", "name", "numpy")

    def __init__(self, name: str) -> None:
        self.name = name
        self.numpy: np.dtype[Any] = np.dtype(name)
        self.itemsize = self.numpy.itemsize
        self.is_floating_point = self.numpy.kind == "f"

    @property
    def is_complex(self) -> bool:
        """False: complex numbers are not supported."""
        return False

    @property
    def is_signed(self) -> bool:
        """Whether it can represent negative values."""
        return self.numpy.kind in "fi"

    def __repr__(self) -> str:
        return f"gradatim.{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return of, (self.name,)


float32 = dtype("float32")
float64 = dtype("float64")
int64 = dtype("int64")
int32 = dtype("int32")
uint8 = dtype("uint8")
bool_ = dtype("bool")

ALL = (bool_, uint8, int32, int64, float32, float64)
_BY_NUMPY = {d.numpy: d for d in ALL}
_CATEGORY = {"b": 0, "u": 1, "i": 1, "f": 2}

_default = float32


def get_default_dtype() -> dtype:
    """The dtype of tensors made from Python floats (float32 unless changed)."""
    return _default


def set_default_dtype(d: Any) -> None:
    """Make `d`, a floating dtype, the dtype of tensors made from Python floats."""
    global _default
    new = of(d)
    if not new.is_floating_point:
        raise DTypeError(f"set_default_dtype: only floating dtypes can be the default, got {new}")
    _default = new


def of(d: Any) -> dtype:
    """The library's dtype for a dtype, NumPy dtype or name. Errors: DTypeError if unsupported."""
    if isinstance(d, dtype):
        return d
    try:
        return _BY_NUMPY[np.dtype(d)]
    except (KeyError, TypeError):
        names = ", ".join(x.name for x in ALL)
        raise DTypeError(f"dtype {d!r} is not supported: use one of {names}") from None


def category(d: np.dtype[Any]) -> int:
    """0 for bool, 1 for integers, 2 for floating dtypes."""
    return _CATEGORY[d.kind]


def of_number(value: bool | int | float) -> np.dtype[Any]:
    """The NumPy dtype a Python number has on its own: bool, int64 or the default float."""
    if isinstance(value, (bool, np.bool_)):
        return bool_.numpy
    if isinstance(value, (int, np.integer)):
        return int64.numpy
    if isinstance(value, (float, np.floating)):
        return _default.numpy
    raise DTypeError(f"expected a tensor or a Python number, got {type(value).__name__}")


@lru_cache(maxsize=1024)
def wider(a: np.dtype[Any], b: np.dtype[Any]) -> np.dtype[Any]:
    """The common dtype of two operands of equal weight, as in PyTorch.

    >>> wider(np.dtype("int64"), np.dtype("float32")).name
    'float32'
    """
    if a == b:
        return a
    if category(a) != category(b):
        return max((a, b), key=category)
    # uint8 with a signed integer gives the signed one, which is always wider.
    return max((a, b), key=lambda d: (d.itemsize, d.kind))


@lru_cache(maxsize=1024)
def promote(a: np.dtype[Any], a_weight: int, b: np.dtype[Any], b_weight: int) -> np.dtype[Any]:
    """The common dtype of two operands, given their weights.

    Weights: 2 for a tensor with dimensions, 1 for a 0-d tensor, 0 for a Python number. The
    lighter operand's dtype (the default dtype for a Python float) wins only if its category is
    higher.
    """
    if a_weight == b_weight:
        return wider(a, b)
    heavy, light = (a, b) if a_weight > b_weight else (b, a)
    return light if category(light) > category(heavy) else heavy
