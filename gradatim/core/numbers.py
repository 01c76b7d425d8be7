"""How Python code reads a tensor's values, as opposed to computing with them.

While a program is traced, values are unknown, or will differ when the program runs. Code that read
`x._value` directly would silently bake the current values into the program as constants. So it goes
through the backend, which returns the values, records that they were read, or refuses. Shape, dtype
and memory layout are not values in this sense and may be read from `x._value`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .backend import Eager
from .context import local


def numbers_of(x: Any) -> np.ndarray[Any, Any]:
    """The values of a tensor as an array."""
    return local.context.backend.numbers(x)


def glance(x: Any) -> np.ndarray[Any, Any] | None:
    """A tensor's array for optional use, such as a check for a clearer error message.

    None while a program is traced.
    """
    value = x._value
    looks = isinstance(local.context.backend, Eager) and isinstance(value, np.ndarray)
    return value if looks else None
