"""Running one piece of vector code over arrays: what its tests (and nothing else) need."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradatim.compiler.lower.arithmetic.elementwise import REGISTERS
from gradatim.compiler.lower.text.emit import Function, Module
from gradatim.compiler.lower.text.types import I1, I8, I64, PTR, Value, element, vector
from gradatim.compiler.machine.engine import assembly, compile_object, load
from gradatim.compiler.machine.target import Target, host

Write = Callable[..., Value]
# A machine of 2003: no fused steps, and rounding to integers is a call of the C library.
PLAIN = Target(host().triple, "x86-64", "", 16)

needs_long = pytest.mark.skipif(
    np.finfo(np.longdouble).nmant < 63, reason="no floats longer than doubles to compare with"
)


class Vectors:
    """`out[i] = write(f, x[i], y[i], ...)` as machine code, `width` places at a time."""

    def __init__(
        self, write: Write, *dtypes: Any, out: Any, width: int, target: Target | None = None
    ) -> None:
        self.write, self.width = write, width
        self.dtypes = [np.dtype(d) for d in dtypes]
        self.out = np.dtype(out)
        self.target = target or host()
        self.loaded = load(compile_object(self.text(), self.target))
        pointers = [ctypes.c_void_p] * (len(dtypes) + 1)
        self.run = ctypes.CFUNCTYPE(None, *pointers, ctypes.c_int64)(self.loaded.address("run"))

    def text(self) -> str:
        module: Any = Module(self.target)
        names = [f"%p{i}" for i in range(len(self.dtypes) + 1)]
        f = module.function("run", [*(f"ptr noalias {name}" for name in names), "i64 %n"])
        with f.loop(0, f.argument("%n", I64), self.width) as loop:
            values = [
                read(f, REGISTERS[d.name], f.argument(name, PTR), loop.index, self.width)
                for d, name in zip(self.dtypes, names, strict=False)
            ]
            found = self.write(f, *values)
            found = f.convert("zext", found, I8) if element(found.type) == I1 else found
            f.store(found, f.gep(element(found.type), f.argument(names[-1], PTR), loop.index))
        f.end()
        return str(module)

    def assembly(self) -> str:
        return assembly(self.text(), self.target)

    def __call__(self, *arrays: Any) -> np.ndarray:
        """The values at every place; what is left over of a whole vector is filled up and cut."""
        n = len(arrays[0])
        pad = -n % self.width
        full = [
            np.ascontiguousarray(np.append(x, x[:1].repeat(pad)), d)
            for x, d in zip(arrays, self.dtypes, strict=True)
        ]
        out = np.empty(n + pad, self.out)
        self.run(*(x.ctypes.data for x in full), out.ctypes.data, n + pad)
        return out[:n]


def read(f: Function, base: str, pointer: Value, index: Value, width: int) -> Value:
    kind = I8 if base == I1 else base
    value = f.load(vector(width, kind), f.gep(kind, pointer, index))
    return f.compare("ne", value, 0) if base == I1 else value


def in_last_places(found: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """How many units in the last place `found` is off; inf where only one of them is nan or inf."""
    with np.errstate(all="ignore"):
        rounded = exact.astype(found.dtype)
        off = np.abs(found.astype(exact.dtype) - exact) / np.spacing(np.abs(rounded))
    same = (found == rounded) | (np.isnan(found) & np.isnan(rounded))
    return np.where(np.isfinite(found) & np.isfinite(rounded), off, np.where(same, 0, np.inf))
