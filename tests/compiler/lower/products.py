"""Running planned matrix products alone: what the kernels' tests (and nothing else) need."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradatim.compiler.lower.products.finish import Consumer
from gradatim.compiler.lower.products.matmul import Operands, write_product
from gradatim.compiler.lower.products.pack import write_pack
from gradatim.compiler.lower.products.product import LLVM, Plan, Product
from gradatim.compiler.lower.products.tiles import plan
from gradatim.compiler.lower.text.emit import Function, Module
from gradatim.compiler.lower.text.types import I64, PTR, Value
from gradatim.compiler.machine.engine import compile_object, load
from gradatim.compiler.machine.target import Target, host

RANGE = ["i64 %begin", "i64 %end"]
BEGIN, END = Value("%begin", I64), Value("%end", I64)


def pointers(*names: str) -> tuple[list[str], list[Value]]:
    return [f"ptr noalias %{name}" for name in names], [Value(f"%{name}", PTR) for name in names]


def asked(a: np.ndarray, b: np.ndarray) -> Product:
    """The product of two arrays, batch dimensions broadcast."""
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a = np.broadcast_to(a, batch + a.shape[-2:])
    b = np.broadcast_to(b, batch + b.shape[-2:])
    strides = [tuple(s // x.itemsize for s in x.strides) for x in (a, b)]
    return Product(batch, a.shape[-2], b.shape[-1], a.shape[-1], a.dtype, *strides)


@dataclass
class Kernel:
    """A product as machine code, with a plain store for its epilogue."""

    product: Product
    plan: Plan
    target: Target
    heavy: bool = False

    def __post_init__(self) -> None:
        self.code = load(compile_object(self.text(), self.target))

    def text(self) -> str:
        module = Module(self.target)
        for number, pack in enumerate(self.plan.packs):
            parameters, places = pointers("source", "target")
            f = module.function(f"pack{number}", parameters + RANGE)
            write_pack(f, self.plan, pack, *places, BEGIN, END)
            f.end()
        parameters, (a, b, c, scratch) = pointers("a", "b", "c", "scratch")
        f = module.function("product", parameters + RANGE)
        self.write(f, a, b, c, scratch)
        f.end()
        return str(module)

    def write(self, f: Function, a: Value, b: Value, c: Value, scratch: Value) -> None:
        base, m, n = LLVM[self.product.dtype.name], self.plan.result_rows, self.product.n

        def store(batch: Value, row: Value, column: Value, acc: Value, mask: Value | None) -> Any:
            place = f.add(f.add(f.mul(batch, m * n), f.mul(row, n)), column)
            if mask is None:
                f.store(acc, f.gep(base, c, place))
            else:
                f.masked_store(acc, f.gep(base, c, place), mask)
            return []

        memory, to = Operands(a, b, scratch), Consumer(store, heavy=self.heavy)
        write_product(f, self.plan, memory, BEGIN, END, to)

    def __call__(
        self, a: np.ndarray, b: np.ndarray, ranges: Sequence[tuple[int, int]] | None = None
    ) -> np.ndarray:
        """The product; `ranges` are the pieces in which, and the order in which, it is done."""
        buffers = {"a": a, "b": b}
        for number, pack in enumerate(self.plan.packs):
            packed = spoiled(pack.size, pack.dtype)
            source = buffers[pack.operand]
            for item in reversed(range(pack.items)):
                self._call(f"pack{number}", [source, packed], item, item + 1)
            buffers[pack.operand] = packed
        p = self.product
        c, scratch = spoiled(p.batches * p.m * p.n, p.dtype), spoiled(self.plan.scratch, p.dtype)
        for begin, end in ranges or [(0, self.plan.items)]:
            self._call("product", [buffers["a"], buffers["b"], c, scratch], begin, end)
        return c.reshape((*p.batch, p.m, p.n))

    def _call(self, name: str, arrays: list[np.ndarray], begin: int, end: int) -> None:
        kinds = [ctypes.c_void_p] * len(arrays) + [ctypes.c_int64] * 2
        function = ctypes.CFUNCTYPE(None, *kinds)(self.code.address(name))
        function(*[array.ctypes.data for array in arrays], begin, end)


def spoiled(size: int, dtype: Any) -> np.ndarray:
    """Memory that would show if it were read, or not written."""
    return np.full(size, np.nan if np.dtype(dtype).kind == "f" else 77, dtype)


def kernel(
    a: np.ndarray, b: np.ndarray, vector_bytes: int | None = None, *, heavy: bool = False
) -> Kernel:
    """The machine code for a product of two arrays like these."""
    target = host() if vector_bytes is None else host().narrow(vector_bytes)
    product = asked(a, b)
    return Kernel(product, plan(product, target), target, heavy)
