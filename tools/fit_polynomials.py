"""Fit the polynomials of the vector functions, and print the files that contain them.

In a separate environment (nothing here is needed to use the library):

    python -m pip install mpmath
    python tools/fit_polynomials.py > gradatim/compiler/lower/arithmetic/polynomials.py
    python tools/fit_polynomials.py erf > gradatim/ops/erf_polynomials.py

Each is the minimax polynomial of its degree: its maximum error, weighted by its effect on the
function, is minimal (E. Ya. Remez, 1934). The degree is the lowest whose error is well below the
rounding of the dtype. Exact leading terms (1, x, x² / 2) are kept out of the fit, which reduces the
effect of rounding the coefficients.
"""

import itertools
import sys
from collections.abc import Callable
from dataclasses import dataclass

from mpmath import mp, mpf

mp.dps = 60
Real = Callable[[mpf], mpf]
DIGITS = {"float": 24, "double": 53}


@dataclass(frozen=True)
class Fit:
    """A polynomial p for g on [low, high] that minimises the maximum of |weight (g - p)|."""

    name: str
    formula: str
    g: Real
    weight: Real
    low: float
    high: float
    dtypes: tuple[str, ...] = ("float", "double")
    spare: int = 4  # the number of bits by which the error stays below the dtype's last bit


def ratio(x: mpf) -> mpf:
    return mp.log((1 + x) / (1 - x))


def cdf(x: mpf) -> mpf:
    return mp.erfc(-x / mp.sqrt(2)) / 2


EDGE = 0.875  # where erf switches from one form to the other
FITS = [
    Fit(
        "EXP",
        "exp(r) = 1 + r + r² p(r), |r| <= log(2) / 2",
        lambda r: (mp.expm1(r) - r) / r**2,
        lambda r: r**2 / mp.expm1(r),
        -0.3468,
        0.3467,
        spare=3,
    ),
    Fit(
        "LOG",
        "log(1 + f) = f - f² / 2 + f³ p(f), sqrt(1/2) <= 1 + f <= sqrt(2)",
        lambda f: (mp.log1p(f) - f + f**2 / 2) / f**3,
        lambda f: f**3 / mp.log1p(f),
        -0.2930,
        0.4144,
    ),
    Fit(
        "LOG_RATIO",
        "log((1 + s) / (1 - s)) = 2 s + 2/3 s³ + s⁵ p(s²), |s| <= 0.1716; relative to 2⁻¹²",
        lambda z: (ratio(mp.sqrt(z)) - 2 * mp.sqrt(z) - 2 * mp.sqrt(z) ** 3 / 3) / mp.sqrt(z) ** 5,
        lambda z: 4096 * z**2 / 2,
        1e-9,
        0.02948,
        dtypes=("double",),
    ),
    Fit(
        "TANH",
        "tanh(x) = x + x³ p(x²), |x| <= 0.625",
        lambda z: (mp.tanh(mp.sqrt(z)) / mp.sqrt(z) - 1) / z,
        lambda z: z * mp.sqrt(z) / mp.tanh(mp.sqrt(z)),
        1e-9,
        0.625**2,
    ),
    Fit(
        "SIN",
        "sin(r) = r + r³ p(r²), |r| <= pi / 4",
        lambda z: (mp.sin(mp.sqrt(z)) / mp.sqrt(z) - 1) / z,
        lambda z: z * mp.sqrt(z) / mp.sin(mp.sqrt(z)),
        1e-9,
        0.6170,
    ),
    Fit(
        "COS",
        "cos(r) = 1 - r² / 2 + r⁴ p(r²), |r| <= pi / 4",
        lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2,
        lambda z: z**2 / mp.cos(mp.sqrt(z)),
        1e-9,
        0.6170,
    ),
]
OF_ERF = [
    Fit(
        "ERF",
        f"erf(x) = x + x p(x²), |x| <= {EDGE}",
        lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1,
        lambda z: mp.sqrt(z) / mp.erf(mp.sqrt(z)),
        1e-9,
        EDGE**2,
    ),
    Fit(
        "ERF_TAIL",
        f"erf(x) = 1 - exp(-x p(x)), {EDGE} <= x; beyond 4 (float) and 6 (double) it is 1",
        lambda x: -mp.log(mp.erfc(x)) / x,
        lambda x: x * mp.erfc(x) / mp.erf(x),
        EDGE,
        6,
    ),
    Fit(
        "NORMAL_CDF",
        "Phi(x) = 1 / (1 + exp(-x p(x²))), |x| <= 6; the error is that of Phi itself",
        lambda z: mp.log(cdf(mp.sqrt(z)) / cdf(-mp.sqrt(z))) / mp.sqrt(z),
        lambda z: mp.sqrt(z) * cdf(mp.sqrt(z)) * cdf(-mp.sqrt(z)),
        1e-9,
        36,
        dtypes=("float",),
        spare=2,
    ),
]


def alternating(errors: list[mpf], count: int) -> list[int]:
    """The indices of the largest `count` extrema of alternating sign."""
    places: list[int] = []
    for i, e in enumerate(errors):
        if places and (e > 0) == (errors[places[-1]] > 0):
            if abs(e) > abs(errors[places[-1]]):
                places[-1] = i
        else:
            places.append(i)
    while len(places) > count:
        first, last = abs(errors[places[0]]), abs(errors[places[-1]])
        places.pop(0 if first < last else -1)
    return places


def remez(fit: Fit, degree: int) -> tuple[list[mpf], mpf]:
    """The minimax polynomial, lowest power first, and its maximum error."""
    count, low, high = degree + 2, mpf(fit.low), mpf(fit.high)
    n = 24 * count
    middle, half = (low + high) / 2, (high - low) / 2
    points = [middle - half * mp.cos(mp.pi * (i + mpf("0.37")) / n) for i in range(n)]
    points = [low, *points[1:-1], high]
    g, w = [fit.g(x) for x in points], [abs(fit.weight(x)) for x in points]
    at = [round((n - 1) * (i + 0.5) / count) for i in range(count)]
    for _ in range(30):
        rows = [[w[i] * points[i] ** j for j in range(degree + 1)] + [(-1) ** k]
                for k, i in enumerate(at)]  # fmt: skip
        solution = mp.lu_solve(mp.matrix(rows), mp.matrix([w[i] * g[i] for i in at]))
        p = list(solution)[:-1]
        errors = [wi * (y - mp.polyval(p[::-1], x)) for wi, x, y in zip(w, points, g, strict=True)]
        largest = max(map(abs, errors))
        new = alternating(errors, count)
        if len(new) < count or largest < abs(solution[degree + 1]) * mpf("1.01"):
            break
        at = new
    return p, largest


def rounded(value: mpf, dtype: str) -> mpf:
    with mp.workprec(DIGITS[dtype]):
        return +value


def largest_error(fit: Fit, p: list[mpf]) -> mpf:
    points = [mpf(fit.low) + (mpf(fit.high) - fit.low) * (i + mpf("0.5")) / 999 for i in range(999)]
    return max(abs(fit.weight(x) * (fit.g(x) - mp.polyval(p[::-1], x))) for x in points)


def fitted(fit: Fit, dtype: str) -> tuple[list[mpf], mpf]:
    goal = mpf(2) ** -(DIGITS[dtype] - 1 + fit.spare)
    fits = (remez(fit, degree) for degree in itertools.count(2))
    p = next(p for p, error in fits if error < goal)
    p = [rounded(c, dtype) for c in p]
    return p, largest_error(fit, p)


HEAD = '''\
"""Coefficients of the vector functions, lowest power first: `tools/fit_polynomials.py` wrote them.

For each LLVM type, with the largest error that is left in the function.
"""

from __future__ import annotations
'''


HEAD_OF_ERF = '''\
"""Coefficients of erf, lowest power first, generated by `tools/fit_polynomials.py erf`.

They are given per C type, each with the function's largest remaining error. Both NumPy's value of
erf and the compiler's use them.
"""

from __future__ import annotations
'''


def words(value: mpf, bits: tuple[int, ...]) -> list[float]:
    """A number as a sum of ever smaller ones, with the given numbers of leading bits."""
    parts = []
    for n in bits:
        with mp.workprec(n):
            word = +value
        parts.append(float(word))
        value -= word
    return parts


def two_over_pi() -> list[int]:
    """The first 20 * 64 bits of 2 / pi after the binary point."""
    with mp.workprec(1400):
        digits = int(mp.floor(2 / mp.pi * mpf(2) ** 1280))
    return [digits >> 64 * i & (1 << 64) - 1 for i in reversed(range(20))]


def print_constants() -> None:
    ln2 = mp.log(2)
    print("\n# log(2) as a sum; the first part times any exponent is exact")
    print("LN2: dict[str, tuple[float, ...]] = {")
    print(f'    "float": {tuple(words(ln2, (15, 24)))},')
    print(f'    "double": {tuple(words(ln2, (40, 53)))},')
    print("}")
    print("\n# pi / 2 as a sum; the first two parts times a number of 16 bits are exact")
    print(f"HALF_PI = {tuple(words(mp.pi / 2, (33, 33, 53)))}")
    print("\n# 2 / pi: the bits behind the point")
    print("TWO_OVER_PI = (")
    for word in two_over_pi():
        print(f"    0x{word:016X},")
    print(")")


def main() -> None:
    """Print one of the two files."""
    of_erf = sys.argv[1:] == ["erf"]
    print(HEAD_OF_ERF if of_erf else HEAD, end="")
    if not of_erf:
        print_constants()
    for fit in OF_ERF if of_erf else FITS:
        print(f"\n# {fit.formula}")
        print(f"{fit.name}: dict[str, tuple[float, ...]] = {{")
        for dtype in fit.dtypes:
            p, error = fitted(fit, dtype)
            print(f'    "{dtype}": (  # 2^{float(mp.log(error, 2)):.1f}')
            for c in p:
                print(f"        {float(c)!r},")
            print("    ),")
        print("}")


if __name__ == "__main__":
    main()
