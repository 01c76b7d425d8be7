"""Scales, which map numbers to positions on an axis, and their ticks."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ...core.errors import ArgumentError
from ..canvas.significant import compact

_NICE = (1.0, 2.0, 2.5, 5.0, 10.0)
_ROUNDING = 1e-13  # relative; numbers that differ by less are one number and its rounding errors


@dataclass(frozen=True)
class Scale:
    """A linear or logarithmic map from `low` .. `high` to the pixels `start` .. `end`.

    With `whole`, ticks are whole numbers, for axes such as steps.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False
    whole: bool = False

    def __call__(self, value: float) -> float:
        low, high, here = self.low, self.high, value
        if self.log:
            low, high, here = math.log10(low), math.log10(high), math.log10(value)
        return self.start + (here - low) / (high - low) * (self.end - self.start)

    def ticks(self, count: int = 6) -> list[float]:
        """About `count` round numbers between low and high."""
        if self.log:
            return log_ticks(self.low, self.high, count)
        places = ticks(self.low, self.high, count)
        return [place for place in places if place.is_integer()] if self.whole else places


def ticks(low: float, high: float, count: int = 6) -> list[float]:
    """About `count` multiples of 1, 2, 2.5 or 5 times a power of ten, from `low` to `high`.

    >>> ticks(0.0, 10.0, 5)
    [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    """
    step = nice_step((high - low) / max(count - 1, 1))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [
        round(k * step, 12 - math.floor(math.log10(step))) + 0.0 for k in range(first, last + 1)
    ]


def nice_step(rough: float) -> float:
    """The round number nearest to `rough`: above it, or less than a fifth below.

    >>> nice_step(0.3), nice_step(18.0)
    (0.25, 20.0)
    """
    power = 10.0 ** math.floor(math.log10(rough))
    return next(nice for nice in _NICE if nice * power >= rough * 0.8) * power


def log_ticks(low: float, high: float, count: int = 6) -> list[float]:
    """Powers of ten between `low` and `high`, with 2 and 5 between them if there are few.

    >>> log_ticks(0.5, 200.0)
    [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0]
    """
    exponents = range(math.floor(math.log10(low) - 1e-9), math.ceil(math.log10(high) + 1e-9) + 1)
    inside = [e for e in exponents if low * 0.999 <= 10.0**e <= high * 1.001]
    if len(inside) > count:
        return [10.0**e for e in inside[:: math.ceil(len(inside) / count)]]
    if len(inside) > 3:
        return [10.0**e for e in inside]
    finer = [round(m * 10.0**e, 12 - e) for e in exponents for m in (1, 2, 5)]
    shown = [tick for tick in finer if low * 0.999 <= tick <= high * 1.001]
    return shown if len(shown) > 2 else ticks(low, high, count)


def tick_labels(places: Sequence[float]) -> list[str]:
    """The ticks as strings, all with the decimals needed to distinguish neighbours.

    >>> tick_labels([-0.5, 0.0, 0.5]), tick_labels([0.0, 20000.0, 40000.0])
    (['−0.5', '0.0', '0.5'], ['0', '20k', '40k'])
    >>> tick_labels([1e-9, 1e-6, 0.001, 1.0])
    ['10⁻⁹', '10⁻⁶', '0.001', '1']
    """
    # A hyphen is half as wide as a minus sign, and hardly visible in print.
    return ["−" + label[1:] if label[0] == "-" else label for label in _labels(places)]


def _labels(places: Sequence[float]) -> list[str]:
    if len(places) > 1 and all(map(_is_large_power, places)):
        return [power_of_ten(round(math.log10(place))) for place in places]
    largest = max((abs(place) for place in places), default=0.0)
    gaps = [b - a for a, b in pairwise(places) if b > a]
    smallest = min(gaps, default=largest or 1.0)
    if largest and (largest >= 1e7 or largest < 1e-3):
        return _scientific(places, smallest)
    if largest >= 10_000 and smallest >= 1000:
        return [f"{place / 1000:g}k" if place else "0" for place in places]
    decimals = _decimals(smallest)
    if gaps and max(gaps) > 5 * smallest:  # a logarithmic axis: each label as short as possible
        return [_shortest(place) for place in places]
    return [f"{place:.{decimals}f}" for place in places]


def limits(
    numbers: Iterable[float], *, log: bool = False, margin: float = 0.05
) -> tuple[float, float]:
    """The smallest and the largest finite number, with a margin.

    Errors: ArgumentError if there is none (or, on a logarithmic axis, none above zero).
    """
    finite = [n for n in numbers if math.isfinite(n) and (n > 0 or not log)]
    if not finite:
        kind = "finite number above zero" if log else "finite number"
        raise ArgumentError(f"there is nothing to draw: the data has no {kind}")
    low, high = min(finite), max(finite)
    if log:
        spread = (high / low) ** margin if high > low else 2.0
        return low / spread, high * spread
    if high - low > _ROUNDING * max(abs(low), abs(high)):
        pad = (high - low) * margin
    else:
        pad = abs(low) * 0.1 or 1.0
    return low - pad, high + pad


def power_of_ten(exponent: int) -> str:
    """10 to the power `exponent`, as written in print.

    >>> power_of_ten(-7), power_of_ten(0)
    ('10⁻⁷', '1')
    """
    digits = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
    return "1" if exponent == 0 else "10" + str(exponent).translate(digits)


def _is_large_power(place: float) -> bool:
    """Whether it is a power of ten too large or too small to be written out."""
    if place <= 0 or 1e-4 < place < 1e4:
        return False
    return math.isclose(place, 10.0 ** round(math.log10(place)))


def _shortest(place: float) -> str:
    if _is_large_power(place):
        return power_of_ten(round(math.log10(place)))
    return compact(place)


def _scientific(places: Sequence[float], gap: float) -> list[str]:
    digits = next(
        (n for n in range(2, 15) if all(abs(float(f"{p:.{n}e}") - p) < gap * 1e-3 for p in places)),
        15,
    )
    return [_mantissa_and_exponent(place, digits) for place in places]


def _mantissa_and_exponent(place: float, digits: int) -> str:
    mantissa, _, exponent = f"{place:.{digits}e}".partition("e")
    short = mantissa.rstrip("0").rstrip(".")
    return f"{short}e{int(exponent)}" if place else "0"


def _decimals(step: float) -> int:
    return next((d for d in range(15) if abs(round(step, d) - step) <= step * 1e-3), 15)
