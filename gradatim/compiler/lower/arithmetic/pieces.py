"""tanh by piecewise polynomials, with the coefficients of all pieces in registers.

    tanh(x) = c0 + d (c1 + d (c2 + ...)),  d = |x| - middle,  with the sign of x

The last bits of |x|'s exponent and the first two of its mantissa are the index of its piece. There
are 32 pieces, as many entries as one AVX-512 permute selects from two vectors: a coefficient costs
one instruction, and nothing is divided. A vector takes 4 ns; the formula in `transcendental`,
which evaluates both of its branches, takes 7.5.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from ..text.emit import Function
from ..text.types import FLOAT, Value, constants, element, vector, width
from .floats import as_integer, at_least, at_most, copysign, magnitude

LANES = 16
PIECES = 2 * LANES
SHIFT = 21  # bits of a float below those that select the piece
LEAST = 1 / 16  # the first piece is [0, 5/4 of this)
FLAT = 9.2  # beyond this tanh rounds to 1
DEGREE = 5


def is_possible(f: Function, x: Value) -> bool:
    """Whether x is single precision and the machine can look up numbers in registers."""
    return f.module.has_lookup and element(x.type) == FLOAT


def tanh(f: Function, x: Value) -> Value:
    """tanh(x) within 1.5 ulp; for any width."""
    n = width(x.type)
    if n == 1:
        return f.extract(_whole(f, f.splat(x, LANES)), 0)
    if n < LANES:
        filled = f.shuffle(x, None, [min(i, n - 1) for i in range(LANES)])
        return f.shuffle(_whole(f, filled), None, range(n))
    parts = [
        _whole(f, x if n == LANES else f.shuffle(x, None, range(i, i + LANES)))
        for i in range(0, n, LANES)
    ]
    while len(parts) > 1:
        pairs = zip(parts[::2], parts[1::2], strict=True)
        parts = [f.shuffle(a, b, range(2 * width(a.type))) for a, b in pairs]
    return parts[0]


def _whole(f: Function, x: Value) -> Value:
    """tanh of one full vector of 16 lanes."""
    size = at_most(f, magnitude(f, x), FLAT)
    number = f.binary("lshr", as_integer(f, at_least(f, size, LEAST)), SHIFT)
    middle, *coefficients = (_looked_up(f, number, row) for row in tanh_pieces())
    d = f.fsub(size, middle)
    total = coefficients.pop()
    while coefficients:
        total = f.fma(total, d, coefficients.pop())
    return copysign(f, total, x)


def _looked_up(f: Function, number: Value, row: tuple[float, ...]) -> Value:
    """Each lane's entry of a row of 32: the permute uses the last five bits of its number."""
    low, high = (constants(row[i : i + LANES], FLOAT) for i in (0, LANES))
    kind = vector(LANES, FLOAT)
    name = "llvm.x86.avx512.vpermi2var.ps.512"
    return f.intrinsic(name, kind, low, number, high, kinds=[])


@cache
def tanh_pieces() -> tuple[tuple[float, ...], ...]:
    """The midpoints of the pieces, and the coefficients of each power of d, as floats.

    The polynomials interpolate tanh at the Chebyshev nodes. The first piece has its midpoint at 0
    and odd powers only, so that tanh(x) = x for tiny x.
    """
    first = int(np.float32(LEAST).view(np.int32)) >> SHIFT
    numbers = first + (np.arange(PIECES) - first) % PIECES
    low, high = (np.minimum(_edges(numbers + i), FLAT) for i in (0, 1))
    middle = ((low + high) / 2).astype(np.float32).astype(float)
    half = np.where(low < high, (high - low) / 2, 1.0)
    x = middle[:, None] + half[:, None] * _nodes(DEGREE + 1)
    powers = np.arange(DEGREE + 1)
    steps = ((x - middle[:, None]) / half[:, None])[..., None] ** powers
    rows = np.linalg.solve(steps, np.tanh(x)[..., None])[..., 0] / half[:, None] ** powers
    begin = numbers == first
    middle[begin], rows[begin] = 0.0, _odd(float(high[begin][0]))
    table = np.stack([middle, *rows.T]).astype(np.float32)
    return tuple(tuple(map(float, row)) for row in table)


def _edges(numbers: np.ndarray) -> np.ndarray:
    return (numbers << SHIFT).astype(np.int32).view(np.float32).astype(float)


def _nodes(n: int) -> np.ndarray:
    return np.cos(np.pi * (2 * np.arange(n) + 1) / (2 * n))


def _odd(end: float) -> list[float]:
    """Coefficients of x + a x³ + b x⁵ for |x| < end."""
    x = end * _nodes(4)[:2]
    a, b = np.linalg.solve(np.stack([x**3, x**5], 1), np.tanh(x) - x)
    return [0.0, 1.0, 0.0, float(a), 0.0, float(b)]
