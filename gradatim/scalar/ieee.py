"""Arithmetic that returns inf or nan where Python raises.

Python raises at `1.0 / 0.0`, `math.log(0.0)`, `math.exp(1000)` and `10.0 ** 400`. The processor,
NumPy and PyTorch do not: too large a result becomes `inf`, an undefined one `nan`, and the
computation goes on. It must be possible to inspect a network that diverges, so `Value` always
follows the processor. Source: IEEE 754-2019, sections 7.2 to 7.4.

A number need not be a float. `Value` uses `+ - * / **`, comparisons, and the functions below; a
`StandIn` implements all of these itself, and may do something other than compute.
"""

import math
from typing import Any

__all__ = ["StandIn", "divide", "exp", "log", "power", "sigmoid", "tanh", "where"]


class StandIn:
    """Base of objects that replace floats: with a float's operators, and the functions as methods.

    `gradatim.compile` runs a function once with stand-ins that record the operations on them.
    """

    __slots__ = ()


def divide(a: float, b: float) -> float:
    """Return a / b; a / 0 is inf with the sign of both, 0 / 0 is nan.

    >>> divide(1.0, 4.0), divide(-1.0, 0.0), divide(0.0, 0.0)
    (0.25, -inf, nan)
    """
    try:
        return a / b
    except ZeroDivisionError:
        return math.nan if a == 0.0 or math.isnan(a) else a * math.copysign(math.inf, b)


def exp(x: float) -> float:
    """Return e to the x; inf if that is larger than any float, from x = 710 on.

    >>> exp(0.0), exp(1000.0), exp(-1000.0)
    (1.0, inf, 0.0)
    """
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf
    except TypeError:
        return _stand_in(x).exp()


def log(x: float) -> float:
    """Return the natural logarithm of x; -inf at 0, nan below.

    >>> log(1.0), log(0.0), log(-1.0)
    (0.0, -inf, nan)
    """
    try:
        return math.log(x)
    except ValueError:
        return -math.inf if x == 0.0 else math.nan
    except TypeError:
        return _stand_in(x).log()


def tanh(x: float) -> float:
    """Return (e^2x - 1) / (e^2x + 1), between -1 and 1.

    >>> tanh(0.0), tanh(1000.0), tanh(-1000.0)
    (0.0, 1.0, -1.0)
    """
    try:
        return math.tanh(x)
    except TypeError:
        return _stand_in(x).tanh()


def power(x: float, n: float) -> float:
    """Return x to the n; nan where the result is not real, inf where it is too large.

    >>> power(2.0, 3.0), power(-8.0, 1 / 3), power(0.0, -1.0), power(-10.0, 401.0)
    (8.0, nan, inf, -inf)
    """
    try:
        return math.pow(x, n)
    except OverflowError:
        return -math.inf if x < 0.0 and n % 2.0 == 1.0 else math.inf
    except ValueError:  # 0 to a negative power, or a negative number to a fractional one
        if x != 0.0:
            return math.nan
        return math.copysign(math.inf, x) if n % 2.0 == 1.0 else math.inf
    except TypeError:
        return x**n


def sigmoid(x: float) -> float:
    """Return 1 / (1 + exp(-x)), written so that exp cannot overflow.

    >>> sigmoid(0.0), sigmoid(1000.0), sigmoid(-1000.0)
    (0.5, 1.0, 0.0)
    """
    try:
        small = math.exp(-abs(x))
    except TypeError:
        return _stand_in(x).sigmoid()
    return (1.0 if x >= 0.0 else small) / (1.0 + small)


def where(condition: Any, yes: float, no: float) -> float:
    """Return one of two numbers, selected by a comparison; both have been computed.

    >>> where(2.0 < 3.0, 10.0, 20.0)
    10.0
    """
    if condition is True:
        return yes
    return no if condition is False else _stand_in(condition).where(yes, no)


def _stand_in(x: Any) -> Any:
    """Return x if it is a `StandIn`. Errors: TypeError."""
    if isinstance(x, StandIn):
        return x
    raise TypeError(f"expected a number, got a {type(x).__name__}: {x!r}")
