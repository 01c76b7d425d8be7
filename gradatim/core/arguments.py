"""Validation of arguments that are plain Python numbers."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .errors import ArgumentError


def whole_number(name: str, given: Any) -> int:
    """Convert any integer type to int. Errors: TypeError for anything else, such as 1.5.

    >>> import numpy as np
    >>> whole_number("steps", np.int32(3))
    3
    """
    try:
        return operator.index(given)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, got {given!r}") from None


def at_least_one(name: str, what: str, given: Any) -> int:
    """The number as an int. Errors: ArgumentError if it is not an integer, or below 1.

    >>> at_least_one("repeat", "steps", 2.5)
    Traceback (most recent call last):
    gradatim.core.errors.ArgumentError: repeat: expects a whole number of steps, at least 1, got 2.5
    """
    try:
        number = operator.index(given)
    except TypeError:
        number = 0
    if number < 1 or isinstance(given, bool):
        raise ArgumentError(f"{name}: expects a whole number of {what}, at least 1, got {given!r}")
    return number


def check_number(name: str, given: Any) -> None:
    """Refuse anything but an int, a float or a NumPy number. Errors: TypeError."""
    if isinstance(given, bool) or not isinstance(given, (int, float, np.number)):
        raise TypeError(f"{name} must be a number, got {given!r}")
