"""How the memory of traced tensors lies, where that counts.

It decides whether a reshape is a view, and in which order random numbers are put into memory. In
the program itself all memory is in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.placement import LINE, address_of
from .ir import Equation, Var, contiguous
from .schedule.strided import Strided


def variable_like(array: Any) -> Var:
    """The variable of an array from outside."""
    layout = _layout(array)
    seen = layout is None and isinstance(array, np.ndarray) and address_of(array) % LINE == 0
    return Var(array.shape, array.dtype, layout, seen)


def _layout(value: Any) -> tuple[int, ...] | None:
    if value.flags is None or value.flags.c_contiguous:
        return None
    return tuple(s // value.itemsize for s in value.strides)


def seen_through(value: Any, e: Equation) -> Var:
    """The output of a view's equation, as it lies in the memory of what is seen."""
    source = Strided(value.shape, _layout(value) or contiguous(value.shape))
    seen = source.through(e.name, e.params)
    out = e.output
    if seen is None or seen.strides == contiguous(out.shape) or not out.size:
        return out
    in_order = Strided(out.shape, seen.strides).is_whole
    return out if in_order else Var(out.shape, out.dtype, seen.strides)


def strided_steps(shape: tuple[int, ...], view: Sequence[tuple[Any, Any]]) -> int:
    """How many steps of a view of memory in order can be said in strides."""
    seen: Strided | None = Strided.whole(shape)
    for count, (primitive, params) in enumerate(view):
        seen = seen.through(primitive.name, params) if seen else None
        if seen is None:
            return count
    return len(view)
