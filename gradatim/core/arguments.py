"""Validation of arguments that are plain Python numbers."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np


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


def check_number(name: str, given: Any) -> None:
    """Refuse anything but an int, a float or a NumPy number. Errors: TypeError."""
    if isinstance(given, bool) or not isinstance(given, (int, float, np.number)):
        raise TypeError(f"{name} must be a number, got {given!r}")
