"""The one door through which Python looks at a tensor's numbers.

While a program is traced they are unknown, or will be others when it runs. Whoever asked for
`x._value` as an array would bake today's numbers into the program without anybody noticing; so
the executor is asked, which answers, remembers that it was asked, or refuses.
Shapes, dtypes and the layout in memory are no numbers: `x._value` tells them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .backend import Eager
from .context import local


def numbers_of(x: Any) -> np.ndarray[Any, Any]:
    """The array of a tensor, for Python to look at."""
    return local.context.backend.numbers(x)


def glance(x: Any) -> np.ndarray[Any, Any] | None:
    """The array if numbers may decide what is computed, as in a check for a clearer error.

    None in a program that is traced: it has to do without.
    """
    value = x._value
    looks = isinstance(local.context.backend, Eager) and isinstance(value, np.ndarray)
    return value if looks else None
