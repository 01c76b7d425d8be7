"""Where a draw is written: the function, the memory it fills, and the generator's memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....core.storage import ArrayType
from ..text.emit import Function
from ..text.types import DOUBLE, FLOAT, I8, I16, I32, I64, Value

_KINDS = {"?": I8, "b": I8, "B": I8, "h": I16, "i": I32, "q": I64, "f": FLOAT, "d": DOUBLE}


@dataclass(frozen=True)
class Site:
    """What the writer of a draw needs besides the draw's own parameters."""

    f: Function
    target: Value
    words: Value  # 624 words and the position in them
    spare: Value  # the kept sine
    inputs: tuple[Value, ...]
    out_type: ArrayType
    in_types: tuple[ArrayType, ...]

    @property
    def count(self) -> int:
        """The number of values to write."""
        return math.prod(self.out_type.shape)

    @property
    def kind(self) -> str:
        """Their LLVM type."""
        return kinds(self.out_type.dtype) or I64


def kinds(dtype: np.dtype[Any]) -> str | None:
    """The LLVM type of a number in memory, or None if no draw produces this dtype.

    >>> kinds(np.dtype(bool)), kinds(np.dtype(complex))
    ('i8', None)
    """
    # Compared for equality: C's long equals one of these under another character.
    return next((kind for char, kind in _KINDS.items() if dtype == np.dtype(char)), None)
