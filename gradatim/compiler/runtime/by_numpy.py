"""Equations for which there is no machine code: NumPy computes them on the same memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ir.graph import Var
from ..ir.strided import Strided
from ..pipeline.compiled import Compiled
from ..pipeline.draft import NumpyStep

Array = np.ndarray[Any, Any]


def run_by_numpy(step: NumpyStep, compiled: Compiled, table: Array, arena: Array) -> None:
    """Compute one equation, on the memory that the program's table and arena describe."""
    memory = _Memory(compiled, table, arena)
    e = step.equation
    result = e.primitive.value(*map(memory.read, step.inputs), **e.params)
    several = result if isinstance(result, tuple) else (result,)
    for v, value in zip(e.outputs, several, strict=True):
        memory.of(v)[...] = value


@dataclass(frozen=True)
class _Memory:
    """The memory of a program's variables."""

    compiled: Compiled
    table: Array
    arena: Array

    def read(self, source: Any) -> Array:
        """An input as an array."""
        if isinstance(source, tuple):
            v, view = source
            return _seen(self.of(v), view)
        return _known(source)

    def of(self, v: Var) -> Array:
        """The memory of a variable, as an array."""
        layout, lowering = self.compiled.layout, self.compiled.lowering
        assert layout is not None
        assert lowering is not None
        v = lowering.place_of(v)
        slot = layout.slots.get(v)
        if slot is None:
            begin = layout.arena.offsets[v]
            return self.arena[begin : begin + v.nbytes].view(v.dtype).reshape(v.shape)
        return _array_at(int(self.table[slot]), v)


def _array_at(address: int, v: Var) -> Array:
    import ctypes

    if not v.nbytes:
        return np.empty(v.shape, v.dtype)
    memory: Any = (ctypes.c_char * v.nbytes).from_address(address)
    return np.frombuffer(memory, v.dtype).reshape(v.shape)


def _seen(array: Array, view: Strided) -> Array:
    size = array.itemsize
    first = array.reshape(-1)[view.offset :]
    return np.lib.stride_tricks.as_strided(first, view.shape, [s * size for s in view.strides])


def _known(source: Any) -> Array:
    shape, dtype = source.view.shape, source.var.dtype
    if source.number is not None:
        return np.full(shape, source.number, dtype)
    start, step = source.range
    places = np.arange(source.var.size) * step + start
    return _seen(places.astype(dtype), source.view)
