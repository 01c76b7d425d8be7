"""The deterministic part of dropout: scaling and masking, given the mask."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import Composite
from .elementwise import like, mul, same, where
from .select import select

Array = np.ndarray[Any, Any]


def _value(x: Array, mask: Array, *, scale: float) -> Array:
    zero = np.broadcast_to(x.dtype.type(0), x.shape)
    return select(mask, np.multiply(x, scale, dtype=x.dtype), zero)


# scale x where the mask is true, else 0; only the mask, one byte per element, is saved
masked_scale: Composite = Composite(
    "masked_scale(x, mask, *, scale)",
    lambda x, mask, *, scale: where(mask, mul(x, like(x, scale)), like(x, 0)),
    same,
    value=_value,
    x=lambda g, mask, scale: masked_scale(g, mask, scale=scale),
)
