"""Numbers as shown in pictures: four significant digits."""

import math

DIGITS = 4


def significant(value: float) -> str:
    """The number with four significant digits, as short as that allows.

    >>> significant(-8.0), significant(0.70710678), significant(1234567.0), significant(0.0)
    ('-8.000', '0.7071', '1.235e6', '0.000')
    """
    number = float(value)
    if math.isnan(number):
        return "nan"
    if math.isinf(number):
        return "inf" if number > 0 else "-inf"
    if number == 0:
        return "0.000"
    shown = f"{number:#.{DIGITS}g}".rstrip(".")
    mantissa, e, exponent = shown.partition("e")
    return f"{mantissa}e{int(exponent)}" if e else shown


def compact(value: float, digits: int = DIGITS) -> str:
    """The number without trailing zeros, for axes and captions.

    >>> compact(0.1 + 0.2), compact(1500000.0), compact(20.0)
    ('0.3', '1.5e6', '20')
    """
    shown = f"{float(value):.{digits}g}"
    mantissa, e, exponent = shown.partition("e")
    return f"{mantissa}e{int(exponent)}" if e else shown


def grouped(count: int) -> str:
    """A whole number with thousands separators.

    >>> grouped(161051)
    '161,051'
    """
    return f"{count:,}"
