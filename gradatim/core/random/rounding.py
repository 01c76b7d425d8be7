"""a * b + c rounded once, as by a fused multiply-add (FMA) instruction.

PyTorch's kernels are compiled with FMA, and NumPy has none: if the product is rounded before the
sum, every second result differs in its last bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

F64: TypeAlias = "NDArray[np.float64]"

# A float64 with exactly these low bits lies halfway between two float32 numbers.
_TAIL, _HALFWAY = np.int64(2**29 - 1), np.int64(2**28)
# Numbers processed at a time, so that intermediate results stay in cache
_CHUNK = 8192
_SPLITTER = 2.0**27 + 1.0
# Outside these bounds the halves of a split number, or a product's error, over- or underflow.
_LARGEST, _SMALLEST = 2.0**500, 2.0**-400


def fma32(a: NDArray[np.float32], b: float, c: float) -> NDArray[np.float32]:
    """a * b + c in float32, for b and c that are float32 values.

    The product is exact in float64. Rounding its sum with c first to float64, then to float32, is
    wrong only where the first rounding lands halfway between two float32 numbers.

    >>> fma32(np.array([1 + 2**-23], np.float32), 1 - 2**-23, -1.0).item() == -(2**-46)
    True
    """
    fused = np.empty_like(a)
    for start in range(0, len(a), _CHUNK):
        part = slice(start, start + _CHUNK)
        product = a[part].astype(np.float64)
        product *= b
        total = product + c
        fused[part] = total
        doubtful = np.flatnonzero((total.view(np.int64) & _TAIL) == _HALFWAY)
        if doubtful.size:
            fused[start + doubtful] = _sum_to_odd(product[doubtful], c)
    return fused


def fma64(a: F64, b: float, c: float) -> F64:
    """a * b + c in float64, with Dekker's exact product and the sum of Boldo and Melquiond.

    S. Boldo and G. Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms
    using rounding to odd", 2008. If b or c is extreme, the product is rounded too.

    >>> fma64(np.array([1 + 2**-52]), 1 - 2**-52, -1.0).item() == -(2**-104)
    True
    """
    if not _SMALLEST < abs(b) < _LARGEST or not abs(c) < _LARGEST:
        return a * b + c
    high, low = _exact_product(a, b)
    sum_low, error_low = _exact_sum(low, c)
    sum_high, error_high = _exact_sum(high, sum_low)
    return sum_high + _sum_to_odd(error_low, error_high)


def _exact_sum(a: Any, b: Any) -> tuple[F64, F64]:
    """a + b as a rounded sum and its rounding error (Knuth's two-sum)."""
    total = a + b
    b_part = total - a
    return total, (a - (total - b_part)) + (b - b_part)


def _exact_product(a: F64, b: float) -> tuple[F64, F64]:
    """a * b as a rounded product and its rounding error (Dekker's product)."""
    product = a * b
    a_high, a_low = _split(a)
    b_high, b_low = _split(b)
    return product, a_low * b_low - (product - a_high * b_high - a_low * b_high - a_high * b_low)


def _split(a: Any) -> tuple[Any, Any]:
    shifted = a * _SPLITTER
    high = shifted - (shifted - a)
    return high, a - high


def _sum_to_odd(a: Any, b: Any) -> F64:
    """a + b rounded to odd: if inexact, the neighbouring number whose last bit is 1.

    The odd bit preserves the direction of the error for the next rounding.
    """
    total, error = _exact_sum(a, b)
    bits = total.view(np.int64)
    step = np.where((error > 0) == (total > 0), np.int64(1), np.int64(-1))
    bits += np.where((error != 0) & (bits & 1 == 0), step, np.int64(0))
    return total
