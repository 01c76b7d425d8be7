"""The memory layout of traced tensors, where it matters.

It decides whether a reshape is a view, and in which order random numbers fill memory. It is tracked
for arguments and captured tensors, for their views, and for elementwise results of these. (Other
results are taken to be contiguous, as they mostly are in eager mode.) In the compiled program all
memory is contiguous.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.placement import was_placed
from ..ir.graph import Equation, Var, contiguous
from ..ir.kinds import ELEMENTWISE, ELEMENTWISE_COMPOSITES
from ..ir.strided import Shape, Strided


def variable_like(array: Any) -> Var:
    """The variable of an argument's or captured array."""
    layout = _layout(array)
    begins_line = layout is None and isinstance(array, np.ndarray) and was_placed(array)
    return Var(array.shape, array.dtype, layout, begins_line)


def _layout(value: Any) -> tuple[int, ...] | None:
    if value.flags is None or value.flags.c_contiguous:
        return None
    return tuple(s // value.itemsize for s in value.strides)


def seen_through(value: Any, e: Equation) -> Var:
    """The output of a view's equation, with the strides that it has in its input's memory."""
    source = Strided(value.shape, _layout(value) or contiguous(value.shape))
    seen = source.through(e.name, e.params)
    out = e.output
    if seen is None or seen.strides == contiguous(out.shape) or not out.size:
        return out
    in_order = Strided(out.shape, seen.strides).is_whole
    return out if in_order else Var(out.shape, out.dtype, seen.strides)


def one_place(v: Var) -> Var:
    """A variable all of whose elements are one element in memory."""
    return Var(v.shape, v.dtype, (0,) * v.ndim) if v.size > 1 else v


def keeps_order(e: Equation) -> bool:
    """Whether an input is not contiguous, and the eager result has the layout of its inputs."""
    if not any(v.layout is not None and any(v.layout) for v in e.inputs):
        return False
    return e.name in ELEMENTWISE or e.name in ELEMENTWISE_COMPOSITES


def computed(e: Equation) -> tuple[Var, ...]:
    """The outputs of an elementwise equation, in the layout that NumPy chooses for its inputs."""
    return tuple(_in_order_of(e.inputs, out) for out in e.outputs)


def _in_order_of(inputs: Sequence[Var], out: Var) -> Var:
    strides, step = [0] * out.ndim, 1
    for axis in _innermost_first([_spread(v, out.ndim) for v in inputs], out.ndim):
        strides[axis] = step
        step *= out.shape[axis]
    if Strided(out.shape, tuple(strides)).is_whole or not out.size:
        return out
    return Var(out.shape, out.dtype, tuple(strides))


def _spread(v: Var, ndim: int) -> Shape:
    """The strides of an input in the dimensions of the output; 0 where it is broadcast."""
    steps = zip(v.shape, v.layout or contiguous(v.shape), strict=True)
    return (*(0,) * (ndim - v.ndim), *(0 if n == 1 else s for n, s in steps))


def _innermost_first(inputs: Sequence[Shape], ndim: int) -> list[int]:
    """The dimensions as NumPy's iterator sorts them: small strides innermost, else unchanged."""
    order: list[int] = []
    for axis in reversed(range(ndim)):
        place = len(order)
        for i in reversed(range(len(order))):
            steps = [(s[axis], s[order[i]]) for s in inputs if s[axis] and s[order[i]]]
            if steps and not all(mine < other for mine, other in steps):
                break
            if steps:
                place = i
        order.insert(place, axis)
    return order


def strided_steps(shape: tuple[int, ...], view: Sequence[tuple[Any, Any]]) -> int:
    """How many steps of a view of contiguous memory strides can express."""
    seen: Strided | None = Strided.whole(shape)
    for count, (primitive, params) in enumerate(view):
        seen = seen.through(primitive.name, params) if seen else None
        if seen is None:
            return count
    return len(view)
