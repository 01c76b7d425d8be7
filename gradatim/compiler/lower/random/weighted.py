"""Categories drawn by weight in machine code: see `core.random.weighted`.

One sample per row is the first arrival of an exponential race; several without replacement are the
first few arrivals; several with replacement are looked up in the row's running sums. The race's
float64 logarithms may differ from NumPy's in the last bit, so two categories could change places
only if they arrived within 2^-52 (float32: one rounding) of each other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ....core.storage import ArrayType
from ..text.emit import Function
from ..text.types import DOUBLE, FLOAT, I64, Value, constant, constants, vector
from . import twister
from .functions import log64
from .site import Site

KEPT = 4096  # most categories of a row that is kept on the stack
MOST = 2**24  # most that the eager draw accepts
_LANES = twister.LANES // 2
_PLACES = vector(_LANES, I64)


def waiting_times(f: Function, words: Value, factor: float) -> Value:
    """-log(1 - u) * factor of eight pairs of words; 1 - u is exact, so this equals log1p."""
    u = twister.unit64(f, twister.pairs(f, words))
    return f.fsub(0.0, f.fmul(log64(f, f.fsub(1.0, u)), factor))


@dataclass(frozen=True)
class _Rows:
    """What all rows share: the sizes, the stream, and memory for one row."""

    state: Value
    kind: str
    categories: int
    num_samples: int
    best: Value  # the fastest speed of each of eight lanes so far; `at`: its place
    at: Value
    kept: Value  # one value per category

    @property
    def vector(self) -> str:
        """The type of eight weights."""
        return vector(_LANES, self.kind)


def multinomial(site: Site, *, num_samples: int, replacement: bool) -> None:
    """Rows of `num_samples` categories, drawn row by row."""
    f, (weights,), (given,) = site.f, site.inputs, site.in_types
    kind = FLOAT if given.dtype == np.float32 else DOUBLE
    *leading, categories = given.shape
    if not math.prod(leading):
        return
    best, at = f.allocate(kind, _LANES), f.allocate(I64, _LANES)
    kept = f.allocate(kind, categories + _LANES if num_samples > 1 else 1)
    rows = _Rows(site.words, kind, categories, num_samples, best, at, kept)
    draw = _first if num_samples == 1 else _looked_up if replacement else _first_few
    with f.loop(0, math.prod(leading)) as row:
        source = f.gep(kind, weights, f.mul(row.index, categories))
        draw(f, rows, source, f.gep(I64, site.target, f.mul(row.index, num_samples)))


def multinomial_supported(
    out_type: ArrayType, in_types: tuple[ArrayType, ...], *, num_samples: int, replacement: bool
) -> bool:
    """Rows that fit on the stack, or one sample per row; nothing that eager would refuse."""
    (given,) = in_types
    if len(given.shape) not in (1, 2) or given.dtype.kind != "f" or num_samples <= 0:
        return False
    categories = given.shape[-1]
    if not 0 < categories <= MOST or (categories > KEPT and num_samples > 1):
        return False
    return replacement or num_samples <= categories


# ------------------------------------------------------------------------------------- the race


def _first(f: Function, rows: _Rows, source: Value, out: Value) -> None:
    """The winner of a row of any length."""
    f.store(_slowest(rows), rows.best)
    f.store(constant(0, _PLACES), rows.at)

    def race(words: Value, place: Value, mask: Value | None) -> None:
        speed = _speeds(f, rows, words, source, place, mask)
        best, at = f.load(rows.vector, rows.best), f.load(_PLACES, rows.at)
        best, at = _faster(f, speed, place, best, at)
        f.store(best, rows.best)
        f.store(at, rows.at)

    twister.fill(f, rows.state, rows.categories, 2, race)
    f.store(_winner(f, f.load(rows.vector, rows.best), f.load(_PLACES, rows.at)), out)


def _first_few(f: Function, rows: _Rows, source: Value, out: Value) -> None:
    """Keeps all speeds, and removes the fastest `num_samples` times."""

    def keep(words: Value, place: Value, mask: Value | None) -> None:
        f.store(_speeds(f, rows, words, source, place, mask), f.gep(rows.kind, rows.kept, place))

    twister.fill(f, rows.state, rows.categories, 2, keep)
    none = [_slowest(rows), constant(0, _PLACES)]
    with f.loop(0, rows.num_samples) as sample:
        with f.loop(0, rows.categories, _LANES, carried=none) as loop:
            speed = f.load(rows.vector, f.gep(rows.kind, rows.kept, loop.index))
            loop.carry(*_faster(f, speed, loop.index, loop.values[0], loop.values[1]))
        winner = _winner(f, loop.results[0], loop.results[1])
        f.store(winner, f.gep(I64, out, sample.index))
        f.store(constant(-1.0, rows.kind), f.gep(rows.kind, rows.kept, winner))


def _slowest(rows: _Rows) -> Value:
    # Slower than any category, even one of weight zero.
    return constant(-1.0, rows.vector)


def _speeds(
    f: Function, rows: _Rows, words: Value, source: Value, place: Value, mask: Value | None
) -> Value:
    """Eight categories' weights over their waiting times."""
    waits = f.convert("fptrunc", waiting_times(f, words, 1.0), rows.kind)
    speeds = f.fdiv(twister.load(f, rows.vector, source, place, mask), waits)
    return speeds if mask is None else f.select(mask, speeds, _slowest(rows))


def _faster(f: Function, speed: Value, place: Value, best: Value, at: Value) -> tuple[Value, Value]:
    """Each lane's best speed and index, given eight more candidates; of equals, the first."""
    index = f.add(constants(range(_LANES), I64), f.splat(place, _LANES))
    faster = f.compare("ogt", speed, best)
    return f.select(faster, speed, best), f.select(faster, index, at)


def _winner(f: Function, best: Value, at: Value) -> Value:
    """The index of the fastest of all lanes; of equals, the first."""
    fastest = f.horizontal(lambda a, b: f.select(f.compare("ogt", a, b), a, b), best)
    wins = f.compare("oeq", best, f.splat(fastest, _LANES))
    places = f.select(wins, at, constant(2**62, at.type))
    return f.horizontal(lambda a, b: f.intrinsic("llvm.smin", a.type, a, b), places)


# ------------------------------------------------------------------------------ with replacement


def _looked_up(f: Function, rows: _Rows, source: Value, out: Value) -> None:
    """For each uniform number, the first category whose running sum is not below it."""
    _running_sums(f, rows, source)

    def search(words: Value, place: Value, mask: Value | None) -> None:
        u = twister.unit64(f, twister.pairs(f, words))
        twister.store(f, _search(f, rows, u), out, place, mask)

    twister.fill(f, rows.state, rows.num_samples, 2, search)


def _running_sums(f: Function, rows: _Rows, source: Value) -> None:
    """The running sums in the weights' precision and order, divided by the last one."""
    kind, sums, categories = rows.kind, rows.kept, rows.categories
    with f.loop(0, categories, carried=[constant(0.0, kind)]) as loop:
        total = f.fadd(loop.values[0], f.load(kind, f.gep(kind, source, loop.index)))
        f.store(total, f.gep(kind, sums, loop.index))
        loop.carry(total)
    (last,) = loop.results
    whole = f.splat(last, _LANES)
    with f.loop(0, categories, _LANES) as loop:
        address = f.gep(kind, sums, loop.index)
        f.store(f.fdiv(f.load(whole.type, address), whole), address)
    f.store(constant(1.0, kind), f.gep(kind, sums, categories - 1))


def _search(f: Function, rows: _Rows, u: Value) -> Value:
    """A binary search in eight lanes; the last sum is 1, above every u, so it ends inside."""
    place = constant(0, _PLACES)
    step = 1 << (rows.categories - 1).bit_length()
    while step := step >> 1:
        last = constant(rows.categories - 1, _PLACES)
        probe = f.intrinsic("llvm.smin", _PLACES, f.add(place, step - 1), last)
        total = f.gather(rows.kind, rows.kept, probe)
        below = f.compare("olt", f.convert("fpext", total, DOUBLE), u)
        place = f.select(below, f.add(place, step), place)
    return place
