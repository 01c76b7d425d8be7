"""Logarithm, sine and cosine in float32, bit for bit as in PyTorch's normal numbers.

The formulas are those of S. Moshier's Cephes library of 1989 in the vector form of J. Pommier and
G. Garberoglio, with fused multiply-adds. Here `(a * b + c).astype(F32)` emulates one: the product
of two float32 numbers is exact in float64, so only the sum is rounded twice. That this never
changes a result was tested for all 2^24 uniform numbers that can be inputs. Only +, - and * are
used, so results are the same on every machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

F32, F64, I32 = np.float32, np.float64, np.int32
Floats: TypeAlias = "NDArray[np.float32]"


def _coefficients(*values: float) -> tuple[float, ...]:
    return tuple(float(F32(value)) for value in values)


ONE, ROOT_HALF = 0x3F800000, 0x3F3504F3  # the bits of 1 and of sqrt(1/2)
LOG = _coefficients(
    7.0376836292e-2,
    -1.1514610310e-1,
    1.1676998740e-1,
    -1.2420140846e-1,
    1.4249322787e-1,
    -1.6668057665e-1,
    2.0000714765e-1,
    -2.4999993993e-1,
    3.3333331174e-1,
)
LN2_HIGH, LN2_LOW = _coefficients(0.693359375, -2.12194440e-4)

FOUR_OVER_PI = F32(1.27323954473516)
QUARTER_PI = _coefficients(0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8)
SINE = _coefficients(-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
COSINE = _coefficients(2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
_SINE_COSINE = np.array([SINE, COSINE]).T[:, :, np.newaxis]  # (3 powers, 2, 1)


def log(u: Floats) -> Floats:
    """The natural logarithm of numbers in (0, 1].

    >>> log(np.array([1.0, 0.5], np.float32))
    array([ 0.       , -0.6931472], dtype=float32)
    """
    bits = u.view(I32) + I32(ONE - ROOT_HALF)
    exponent = ((bits >> 23) - 127).astype(F64)
    # u = (1 + x) 2^exponent with 1 + x between sqrt(1/2) and sqrt(2)
    x = ((bits & 0x007FFFFF) + I32(ROOT_HALF)).view(F32) - F32(1)
    wide_x = x.astype(F64)
    square = x * x
    y: Floats = F32(LOG[0])  # type: ignore[assignment]
    for coefficient in LOG[1:]:
        y = (y * wide_x + coefficient).astype(F32)
    y *= x
    y = (y * square.astype(F64) + (exponent * LN2_LOW).astype(F32)).astype(F32)
    y -= F32(0.5) * square
    y += x
    return (exponent * LN2_HIGH + y).astype(F32)


def sincos(angle: Floats) -> tuple[Floats, Floats]:
    """Sine and cosine of angles in [0, 2 pi].

    >>> sine, cosine = sincos(np.array([0.0, np.pi / 2], np.float32))
    >>> sine.round(6), cosine.round(6) + 0
    (array([0., 1.], dtype=float32), array([1., 0.], dtype=float32))
    """
    octant = (angle * FOUR_OVER_PI).astype(I32)
    octant += 1
    octant &= ~1
    wide_octant = octant.astype(F64)
    x = angle
    for part in QUARTER_PI:  # pi / 4 in three parts, to keep precision in the subtraction
        x = (x - wide_octant * part).astype(F32)
    square = x * x
    wide_square = square.astype(F64)
    both = _SINE_COSINE[0]
    for coefficient in _SINE_COSINE[1:]:
        both = (both * wide_square + coefficient).astype(F32)
    both *= square
    sine = (both[0] * x.astype(F64) + x).astype(F32)
    cosine = (both[1] * wide_square - F32(0.5) * square).astype(F32)
    cosine += F32(1)
    return _in_octant(octant, sine, cosine)


def _in_octant(octant: NDArray[np.int32], sine: Floats, cosine: Floats) -> tuple[Floats, Floats]:
    """Swap sine and cosine in every second quadrant and set their signs, by bit operations."""
    s, c = sine.view(I32), cosine.view(I32)
    exchange = s ^ c
    exchange &= -((octant >> 1) & 1)
    s ^= exchange
    c ^= exchange
    s ^= (octant & 4) << 29
    c ^= ((octant + 2) & 4) << 29
    return sine, cosine
