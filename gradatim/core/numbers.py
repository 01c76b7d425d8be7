"""How Python code reads a tensor's numbers, as opposed to computing with them.

While a program is traced the numbers are unknown, or will differ when it runs. Code that read
`x._value` directly would bake today's numbers into the program unnoticed. So it asks the backend,
which returns them, records that they were read, or refuses. Shape, dtype and memory layout are not
numbers and may be read from `x._value`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .backend import Eager
from .context import local


def numbers_of(x: Any) -> np.ndarray[Any, Any]:
    """The numbers of a tensor as an array."""
    return local.context.backend.numbers(x)


def glance(x: Any) -> np.ndarray[Any, Any] | None:
    """The array of a tensor for optional use, as in a check for a clearer error message.

    None while a program is traced, which must do without.
    """
    value = x._value
    looks = isinstance(local.context.backend, Eager) and isinstance(value, np.ndarray)
    return value if looks else None
