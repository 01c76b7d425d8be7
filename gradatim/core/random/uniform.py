"""Uniform real numbers between two bounds."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import RandomError
from .rounding import fma32, fma64
from .twister import Twister

if TYPE_CHECKING:
    from numpy.typing import NDArray


def uniform(twister: Twister, n: int, low: float, high: float, dtype: np.dtype[Any]) -> NDArray:
    """`n` numbers u * (high - low) + low: u has 24 random bits for float32, 53 for float64."""
    draw, scale = (twister.unit32, fma32) if dtype.char == "f" else (twister.unit64, fma64)
    if low == 0 and high == 1:
        return draw(n)
    _check(low, high, dtype)
    unit: NDArray[Any] = draw(n)
    start, end = dtype.type(low), dtype.type(high)
    scaled = scale(unit, float(end - start), float(start))
    # Rounding can reach the upper bound, which is excluded: PyTorch returns the lower one then.
    scaled[scaled == end] = start
    return scaled


def _check(low: float, high: float, dtype: np.dtype[Any]) -> None:
    largest = _largest(dtype)
    for name, bound in (("low", low), ("high", high)):
        if not abs(bound) <= largest:
            raise RandomError(f"uniform: {name} is {bound}, which {dtype} cannot represent")
    if low > high:
        raise RandomError(
            f"uniform: the range is from low to high, got low={low} > high={high}; swap them"
        )
    if high - low > largest:
        raise RandomError(
            f"uniform: high - low is more than {dtype} holds, got low={low} and high={high}"
        )


@cache
def _largest(dtype: np.dtype[Any]) -> float:
    return float(np.finfo(dtype).max)
