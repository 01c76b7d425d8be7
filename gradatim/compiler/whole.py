"""Checks a number of steps or threads."""

from __future__ import annotations

import operator
from typing import Any

from ..core.errors import ArgumentError


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
