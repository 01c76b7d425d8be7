"""`program.profile()`: how long each loop nest takes, beside the least time possible.

The program's functions are called one after the other on one thread, and the processor's clock is
read before and after each; the fastest of many steps counts for every function, and the fastest
window between them for the core's arithmetic. The effects of the steps are undone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..ir.nests import Nest, NumpyNest, equations_of, title
from ..lower.nest.writing import Call
from ..lower.threads.main import CLOCKS, write_timed
from ..machine.target import host
from ..pipeline.compiled import translated
from ..pipeline.draft import SHARED, NumpyStep, drafted
from ..runtime import team
from ..runtime.binding import Binding
from .effort import effort
from .peak import Peaks, arithmetic, measured

SECONDS = 0.3  # how long to measure, if the number of steps is not given
FEWEST, MOST = 5, 1_000  # steps

_Row = tuple[int, str, tuple[int, int], str]  # nest, description, (operations, bytes), dtype


@dataclass(frozen=True)
class Timing:
    """One function: the number of its nest, its description, time, operations and bytes."""

    nest: int
    what: str
    seconds: float
    flops: int
    bytes: int
    dtype: str = "float32"

    @property
    def gflops(self) -> float:
        """Billions of operations per second."""
        return self.flops / self.seconds / 1e9 if self.seconds else 0.0

    @property
    def gbytes(self) -> float:
        """Billions of bytes per second, read and written."""
        return self.bytes / self.seconds / 1e9 if self.seconds else 0.0

    def fraction(self, peaks: Peaks) -> float:
        """The least time possible, by arithmetic or bandwidth, as a fraction of the time."""
        at_best = max(
            self.flops / peaks.flops.get(self.dtype, peaks.flops["float32"]),
            self.bytes / peaks.bandwidth(self.bytes),
        )
        return at_best / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class Profile:
    """Times of a program: the whole step on `threads` threads, and each function on one."""

    name: str
    seconds: float
    threads: int
    steps: int
    timings: tuple[Timing, ...]
    peaks: Peaks

    def __str__(self) -> str:
        return "\n".join([*self._head(), "", *self._table()])

    def _head(self) -> list[str]:
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        flops = ", ".join(f"{rate / 1e9:.0f} in {d}" for d, rate in self.peaks.flops.items())
        rates = ", ".join(f"{r / 1e9:.0f} in {_size(n)}" for n, r in self.peaks.bandwidths)
        apart = f"{_time(self.total.seconds)} nest by nest with one; the fastest of {self.steps:,}"
        return [
            f"{self.name}: {_time(self.seconds)} a step with {threads}, {apart}",
            f"one core at its best: GFLOP/s {flops}; GB/s {rates}",
        ]

    def _table(self) -> list[str]:
        head = f"{'nest':>4} {'time':>9} {'share':>6} {'GFLOP/s':>8} {'GB/s':>7} {'of peak':>8}"
        total = self.total
        at_best = sum(t.fraction(self.peaks) * t.seconds for t in self.timings)
        rows = [
            f"{_row(t.nest, t, t.fraction(self.peaks), total.seconds)}  {_short(t.what)}"
            for t in self.timings
        ]
        of_peak = at_best / total.seconds if total.seconds else 0.0
        return [head, *rows, _row("all", total, of_peak, total.seconds)]

    @property
    def total(self) -> Timing:
        """The sum over all functions, one after the other on one thread."""
        seconds = sum(t.seconds for t in self.timings)
        flops = sum(t.flops for t in self.timings)
        return Timing(0, "all", seconds, flops, sum(t.bytes for t in self.timings))


def profile(
    binding: Binding, name: str, tensors: Sequence[Any], steps: int | None = None
) -> Profile:
    """Time a program's functions, and the whole of it."""
    with binding.trial(tensors) as step:
        timed = _Timed(binding)
        with timed.trial(tensors) as timed_step:
            count, times, peaks = timed.fastest(timed_step, steps)
        whole = min(_seconds(step) for _ in range(count))
    threads = team.get_num_threads() if binding.compiled.shared else 1
    rows = [
        Timing(number, what, ticks * peaks.tick, *amounts, dtype)
        for (number, what, amounts, dtype), ticks in zip(timed.rows, times.tolist(), strict=True)
    ]
    return Profile(name, whole, threads, count, tuple(rows), peaks)


class _Timed(Binding):
    """A program that reads the clock around each of its functions."""

    def __init__(self, binding: Binding) -> None:
        traced, target = binding.traced, host()
        draft = drafted(traced.graph, traced.updates, traced.result_count, target)
        functions = draft.lowering.module.functions
        for name in ("brief", *(s for s in draft.steps if isinstance(s, str))):
            functions.pop(name, None)
            functions.pop(name + SHARED, None)
        self.row_of: dict[int, int] = {}
        calls: list[Call | NumpyNest] = []
        steps: list[str | NumpyStep] = []
        for stretch in draft.stretches:
            if isinstance(stretch, NumpyNest):
                step = NumpyStep(stretch.equation, stretch.inputs, stretch.reason)
                self.row_of[id(step)] = len(calls)
                steps.append(step)
                calls.append(stretch)
                continue
            name = f"timed_{len(steps)}"
            found = [c for phase in stretch for c in phase.calls]
            write_timed(draft.lowering, name, found, draft.layout, len(calls))
            steps.append(name)
            calls += found
        compiled = translated(replace(draft, steps=steps), traced.graph, target)
        compiled.shared = False
        super().__init__(traced, compiled, binding.guards)
        self.rows = _rows(calls, draft.schedule.nests)
        self.clocks = np.zeros(len(calls), np.int64)
        self.control[CLOCKS] = self.clocks.ctypes.data

    def fastest(self, step: Callable[[], None], steps: int | None) -> tuple[int, Any, Peaks]:
        """The number of steps, the ticks of each function's fastest call, and the core's limits."""
        peaks, flops = measured(), arithmetic()
        best = np.full(len(self.rows), np.iinfo(np.int64).max)
        count, begin = 0, time.perf_counter()
        while count < (steps or MOST):
            self.clocks[:] = 0
            step()
            best, count = np.minimum(best, self.clocks), count + 1
            flops = {d: max(rate, flops[d]) for d, rate in arithmetic().items()}
            late = time.perf_counter() - begin > SECONDS
            if steps is None and late and count >= FEWEST:
                break
        return count, best, replace(peaks, flops=flops)

    def _by_numpy(self, step: NumpyStep) -> None:
        seconds = _seconds(lambda: super(_Timed, self)._by_numpy(step))
        self.clocks[self.row_of[id(step)]] += int(seconds / measured().tick)


def _rows(calls: Sequence[Call | NumpyNest], nests: Sequence[Nest]) -> list[_Row]:
    """The columns of each function that need no timing."""
    numbers = {nest: i for i, nest in enumerate(nests, 1)}
    last = {c.nest: c for c in calls if isinstance(c, Call)}
    rows = []
    for c in calls:
        nest = c.nest if isinstance(c, Call) else c
        is_packing = isinstance(c, Call) and last[nest] is not c
        description = f"packing for nest {numbers[nest]}" if is_packing else title(nest)
        rows.append((numbers[nest], description, effort(c, is_packing=is_packing), _dtype(nest)))
    return rows


def _dtype(nest: Nest) -> str:
    """The float dtype in which a nest computes."""
    names = [v.dtype.name for e in equations_of(nest) for v in e.outputs if v.dtype.kind == "f"]
    return names[0] if names else "float32"


def _row(nest: int | str, t: Timing, of_peak: float, total: float) -> str:
    """A row of the table: time, share of the total, operations and bytes per second, of peak."""
    share = t.seconds / total if total else 0.0
    rates = f"{t.gflops:8.1f} {t.gbytes:7.1f} {of_peak:8.0%}"
    return f"{nest:>4} {_time(t.seconds):>9} {share:6.1%} {rates}"


def _seconds(run: Callable[[], None]) -> float:
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def _time(seconds: float) -> str:
    """A time in a suitable unit.

    >>> _time(2e-8), _time(3.14e-6), _time(0.25)
    ('20 ns', '3.1 us', '250.0 ms')
    """
    if 0 < seconds < 1e-7:
        return f"{seconds * 1e9:.0f} ns"
    if seconds < 1e-3:
        return f"{seconds * 1e6:.1f} us"
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _size(n: int) -> str:
    return f"{n >> 20} MB" if n >= 1 << 20 else f"{n >> 10} kB"


def _short(text: str, width: int = 56) -> str:
    return text if len(text) <= width else f"{text[: width - 4]} ..."
