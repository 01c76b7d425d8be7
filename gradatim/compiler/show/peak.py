"""What this machine's core can do at most, measured: multiply-adds in registers, bytes from memory.

    peaks = measured()
    peaks.flops["float32"]         operations a second of one core
    peaks.bandwidth(200_000)       bytes a second, read and written, in so large a working set

Written with the emitter, run by the compiler's own engine, once in a process: a tenth of a second.
Other users of a machine, and its temperature, change what a core can do from one second to the
next: `arithmetic()` says what it is now, for what is timed now.
"""

from __future__ import annotations

import ctypes
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from ..lower.text.emit import I64, PTR, Module, vector
from ..lower.threads.main import clock
from ..machine import engine
from ..machine.target import Target, host

_TURNS = 10_000  # of the arithmetic: a tenth of a millisecond
_AT_ONCE = 4  # vectors copied in a turn
_SIZES = (1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 26)  # bytes: caches, memory
_LEAST = 1 << 25  # bytes to copy in one measurement, at least
_REPEATS = 5
_MANY = 10
DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class Peaks:
    """Of one core: a clock's tick, operations a second by dtype, bytes a second by working set."""

    tick: float  # seconds of the clock that `write_timed` reads
    flops: dict[str, float]
    bandwidths: tuple[tuple[int, float], ...]

    def bandwidth(self, size: int) -> float:
        """Bytes a second, read and written together, where so many bytes are in play.

        >>> round(Peaks(1e-9, {}, ((100, 9.0), (10_000, 3.0))).bandwidth(1000), 6)
        6.0
        """
        sizes, rates = zip(*self.bandwidths, strict=True)
        return float(np.interp(math.log(max(size, 1)), np.log(sizes), rates))


@cache
def measured() -> Peaks:
    """The peaks of this machine, for one thread."""
    loaded, target = _loaded(), host()
    ticks = ctypes.CFUNCTYPE(ctypes.c_int64)(loaded.address("ticks"))
    begin, start = ticks(), time.perf_counter()
    flops = arithmetic(_MANY)
    bandwidths = tuple((size, _copied(loaded, size, target)) for size in _SIZES)
    end, stop = ticks(), time.perf_counter()
    return Peaks((stop - start) / (end - begin), flops, bandwidths)


def arithmetic(windows: int = 1) -> dict[str, float]:
    """Operations a second of one core now, by dtype: the best of so many short windows."""
    loaded, target = _loaded(), host()
    return {d: _flops(loaded, d, target, windows) for d in DTYPES}


@cache
def _loaded() -> engine.Loaded:
    target = host()
    module = Module(target.attributes)
    for dtype in DTYPES:
        _write_arithmetic(module, dtype, target)
    _write_copy(module, target)
    f = module.function("ticks", [], I64)
    f.end(clock(f, target))
    return engine.load(engine.compile_object(str(module), target))


def _write_arithmetic(module: Module, dtype: str, target: Target) -> None:
    """%turns rounds of a <- a b + b on many vectors at once; their sum, so that all are needed."""
    base = "float" if dtype == "float32" else "double"
    f = module.function(f"arithmetic_{dtype}", ["ptr %place", "i64 %turns"])
    kind = vector(target.lanes(dtype), base)
    place = f.argument("%place", PTR)
    start = f.load(kind, place, 1)
    with f.loop(0, f.argument("%turns", I64), 1, [start] * _sums(target)) as loop:
        loop.carry(*(f.intrinsic("llvm.fmuladd", kind, a, start, start) for a in loop.values))
    total = loop.results[0]
    for a in loop.results[1:]:
        total = f.fadd(total, a)
    f.store(total, place, 1)
    f.end()


def _write_copy(module: Module, target: Target) -> None:
    """%to[i] = %from[i] for a number of vectors, as often as asked."""
    f = module.function("copy", ["ptr noalias %from", "ptr noalias %to", "i64 %n", "i64 %times"])
    kind = vector(target.lanes("float32"), "float")
    with f.loop(0, f.argument("%times", I64)), f.loop(0, f.argument("%n", I64), _AT_ONCE) as loop:
        for i in range(_AT_ONCE):
            place = f.add(loop.index, i)
            x = f.load(kind, f.gep(kind, f.argument("%from", PTR), place), 4)
            f.store(x, f.gep(kind, f.argument("%to", PTR), place), 4)
    f.end()


def _flops(loaded: engine.Loaded, dtype: str, target: Target, windows: int) -> float:
    lanes = target.lanes(dtype)
    place = np.full(lanes, 0.5, dtype)
    run = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(
        loaded.address(f"arithmetic_{dtype}")
    )
    address = place.ctypes.data
    return 2 * _sums(target) * lanes * _TURNS / _fastest(lambda: run(address, _TURNS), windows)


def _copied(loaded: engine.Loaded, size: int, target: Target) -> float:
    """Bytes a second, where the half of `size` is copied to the other half."""
    memory = np.zeros(size, np.uint8)
    count = size // 2 // target.vector_bytes
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
    run, times = kind(loaded.address("copy")), max(1, _LEAST // size)
    begin = memory.ctypes.data
    return size * times / _fastest(lambda: run(begin, begin + size // 2, count, times))


def _fastest(run: Callable[[], object], times: int = _REPEATS) -> float:
    """Seconds of the fastest of a few runs."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return min(found)


def _sums(target: Target) -> int:
    """Sums of their own, so that none waits for its last round, and all stay in registers."""
    return 24 if target.vector_bytes == 64 or target.is_arm else 12
