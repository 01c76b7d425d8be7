"""Compiled matrix products on one thread: GFLOP/s, relative to the core's peak and to NumPy.

    python -m benchmarks.matmul_kernels [--rounds 40] [SIZE ...]

A size is MxKxN, with `T` after M if A is stored transposed, after N if B is, and optionally a
number of matrices and a colon in front: 64:64x16x64T. Packing is included in the time. The peak (a
loop of FMAs in registers), the kernel and NumPy take turns of about 300 microseconds, since the
speed of a shared machine varies; a ratio is the median over rounds of the ratios within a turn.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import re
import statistics
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from gradatim.compiler.lower.products.matmul import write_product
from gradatim.compiler.lower.products.pack import write_pack
from gradatim.compiler.lower.products.product import Plan, Product
from gradatim.compiler.lower.products.tiles import plan
from gradatim.compiler.lower.text.emit import Function, Module
from gradatim.compiler.lower.text.types import FLOAT, I64, PTR, Value, constant, vector
from gradatim.compiler.machine.engine import compile_object, load
from gradatim.compiler.machine.target import host

SIZES = [
    "4x3x4", "4x4x1", "32x30x200", "32x200x27", "200Tx32x30", "27x32x200", "32x27x200T",
    "96x31x65", "64x64x64", "64Tx64x64", "64x64x64T", "128x128x128", "256x256x256",
    "256Tx256x256", "256x256x256T", "512x512x512", "768x128x384", "768x128x512T", "768x512x128",
    "384Tx768x128", "512Tx768x128", "128Tx768x512", "768x64x1", "768Tx64x1", "768x128x3",
    "1x512x512", "1x512x512T", "64:64x16x64T", "64:64x64x16", "256:8x16x8T", "256:8x8x16",
]  # fmt: skip
TURN = 4e7  # operations per timed turn
ZERO, TIMES = constant(0, I64), Value("%times", I64)
Run = Callable[[int], object]


def read(size: str) -> tuple[Product, np.ndarray, np.ndarray]:
    """The product described by a size, with operands for it."""
    match = re.fullmatch(r"(?:(\d+):)?(\d+)(T?)x(\d+)x(\d+)(T?)", size)
    if not match:
        raise SystemExit(f"{size!r} is no size; sizes are like 64x64x64, 64Tx64x64T or 8:16x16x16")
    batch = (int(match[1]),) if match[1] else ()
    m, k, n = (int(match[i]) for i in (2, 4, 5))
    a, b = operand(batch, m, k, bool(match[3])), operand(batch, k, n, bool(match[6]))
    strides = [tuple(s // 4 for s in x.strides) for x in (a, b)]
    return Product(batch, m, n, k, np.dtype("float32"), *strides, aligned=True), a, b


def operand(batch: tuple[int, ...], rows: int, columns: int, transposed: bool) -> np.ndarray:
    if transposed:
        return operand(batch, columns, rows, False).swapaxes(-1, -2)
    array = aligned(int(np.prod((*batch, rows, columns)))).reshape(*batch, rows, columns)
    array[...] = np.random.default_rng(0).standard_normal(array.shape)
    return array


def aligned(size: int) -> np.ndarray:
    memory = np.zeros(4 * size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + 4 * size].view(np.float32)


def peak_run(module: Module, lanes: int) -> float:
    """Emit the FMA loop; returns the number of operations per iteration."""
    f = module.function("peak", ["ptr %place", "i64 %times"])
    place, kind = Value("%place", PTR), vector(lanes, FLOAT)
    x = f.load(kind, place)
    count = 24 if lanes == 16 else 12
    with f.loop(0, TIMES, 1, [x] * count) as loop:
        loop.carry(*[f.intrinsic("llvm.fmuladd", kind, v, x, x) for v in loop.values])
    for value in loop.results:
        f.store(value, place)
    f.end()
    return 2.0 * count * lanes


def product_run(module: Module, cut: Plan, p: Product) -> None:
    """Emit the loop nests of a product, and a function that runs them several times."""
    for number, pack in enumerate(cut.packs):
        f = module.function(f"pack{number}", ["ptr noalias %from", "ptr noalias %to"])
        end = constant(pack.items, I64)
        write_pack(f, cut, pack, Value("%from", PTR), Value("%to", PTR), ZERO, end)
        f.end()
    names = ["%a", "%b", "%c", "%scratch", "%packed"]
    a, b, c, scratch, packed = (Value(name, PTR) for name in names)
    f = module.function("product", [f"ptr noalias {name}" for name in names[:4]])
    end = constant(cut.items, I64)
    write_product(f, cut, a, b, scratch, ZERO, end, storing(f, c, p.m, p.n))
    f.end()
    f = module.function("run", [*(f"ptr {name}" for name in names), "i64 %times"])
    with f.loop(0, TIMES):
        if cut.packs:
            f.call("pack0", "void", b, packed)
        f.call("product", "void", a, packed if cut.packs else b, c, scratch)
    f.end()


def storing(f: Function, c: Value, m: int, n: int) -> Any:
    """The simplest epilogue: store the accumulator."""

    def store(batch: Value, row: Value, column: Value, acc: Value, mask: Value | None) -> Any:
        place = f.gep(FLOAT, c, f.add(f.add(f.mul(batch, m * n), f.mul(row, n)), column))
        if mask is None:
            f.store(acc, place)
        else:
            f.masked_store(acc, place, mask)
        return []

    return store


def measure(size: str, rounds: int) -> str:
    """One row of the table."""
    p, a, b = read(size)
    lanes = host().lanes(p.dtype)
    cut, module = plan(p, host()), Module(host())
    work = peak_run(module, lanes)
    product_run(module, cut, p)
    start = time.perf_counter()
    code = load(compile_object(str(module), host()))
    compiled = time.perf_counter() - start
    c = aligned(p.batches * p.m * p.n).reshape(*p.batch, p.m, p.n)
    buffers = [a, b, c, aligned(cut.scratch), aligned(sum(x.size for x in cut.packs))]
    flops = 2.0 * p.batches * p.m * p.n * p.k
    runs = {
        "peak": (caller(code.address("peak"), [aligned(lanes)]), work),
        "ours": (caller(code.address("run"), buffers), flops),
        "numpy": (lambda times: [np.matmul(a, b, out=c) for _ in range(times)], flops),
    }
    speeds = {name: [] for name in runs}
    for _ in range(rounds):
        for name, (run, operations) in runs.items():
            speeds[name].append(speed(run, operations))
    best = {name: max(values) for name, values in speeds.items()}
    of_peak, of_numpy = (
        statistics.median(x / y for x, y in zip(speeds["ours"], speeds[other], strict=True))
        for other in ("peak", "numpy")
    )
    how = "dot" if cut.dot else "turned" if cut.turned else f"{cut.rows}x{cut.vectors}"
    how += " packed" * bool(cut.packs) + f" k/{cut.depth}" * cut.deep
    return (
        f"{size:14s} {how:16s} {cut.items:4d} {best['ours']:7.1f} {100 * of_peak:5.0f} % "
        f"{best['numpy']:7.1f} {of_numpy:6.1f}x {flops / best['ours'] / 1e3:9.2f} us "
        f"{1e3 * compiled:6.0f} ms   (peak {best['peak']:.0f})"
    )


def caller(address: int, arrays: list[np.ndarray]) -> Run:
    kinds = [ctypes.c_void_p] * len(arrays)
    function = ctypes.CFUNCTYPE(None, *kinds, ctypes.c_int64)(address)
    return lambda times: function(*[array.ctypes.data for array in arrays], times)


def speed(run: Run, operations: float) -> float:
    """GFLOP/s in one turn."""
    times = max(1, int(TURN / operations))
    start = time.perf_counter()
    run(times)
    return operations * times / (time.perf_counter() - start) / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("sizes", nargs="*", default=SIZES, metavar="SIZE")
    parser.add_argument("--rounds", type=int, default=40, help="turns of each")
    args = parser.parse_args()
    print(
        "size           tile            items  GFLOP/s of peak   NumPy  faster      time  compiled"
    )
    for size in args.sizes:
        print(measure(size, args.rounds), flush=True)


if __name__ == "__main__":
    main()
