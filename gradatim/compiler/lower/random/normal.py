"""Normal numbers in machine code, by PyTorch's two algorithms: see `core.random.normal`.

In blocks of eight cosines and eight sines, where a partial last block redraws the last sixteen
numbers; or pair by pair in float64, where an unused sine is kept for the generator's next draw.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....core.random.twister import SPARE
from ....core.storage import ArrayType
from ..text.emit import Function
from ..text.types import DOUBLE, FLOAT, I8, I32, I64, Operand, Value, constant, vector, width
from . import twister
from .functions import box_muller
from .site import Site

BLOCK = 16
_STEP = 32  # words: two blocks of float32 numbers, or one of float64
_WORDS = vector(twister.LANES, I32)

_Finish = Callable[[Value], Value]


def normal(
    site: Site,
    *,
    shape: tuple[int, ...],
    mean: float,
    std: float,
    dtype: np.dtype[Any],
    contiguous: bool,
) -> None:
    """`contiguous`: whether PyTorch would fill contiguous memory, which selects the algorithm."""
    if contiguous and site.count >= BLOCK:
        _by_blocks(site, float(mean), float(std))
    elif site.count:
        _by_pairs(site, float(mean), float(std))


def normal_supported(
    out_type: ArrayType,
    in_types: tuple[ArrayType, ...],
    *,
    shape: tuple[int, ...],
    mean: float,
    std: float,
    dtype: np.dtype[Any],
    contiguous: bool,
) -> bool:
    """The eager draw refuses an invalid standard deviation."""
    return std >= 0 and twister.rounds_once(std, mean)


# ------------------------------------------------------------------------------------ in blocks


def _by_blocks(site: Site, mean: float, std: float) -> None:
    f, n = site.f, site.count
    scaled, each = (_scaled32, 1) if site.kind == FLOAT else (_scaled64, 2)
    blocks = _Blocks(site, twister.buffer(f), each, scaled(f, mean, std))
    tail = n % BLOCK
    whole = (n - tail) * each
    rest = whole % twister.CHUNK
    if whole >= twister.CHUNK:
        with f.loop(0, whole - rest, twister.CHUNK) as chunk:
            twister.take(f, site.words, blocks.words, twister.CHUNK)
            blocks.steps(f.binary("lshr", chunk.index, each - 1), twister.CHUNK)
    # The tail's own uniforms are skipped; sixteen new ones make the last block.
    more = (tail + BLOCK) * each if tail else 0
    if rest + more:
        twister.take(f, site.words, blocks.words, rest + more)
    alone = rest % _STEP
    if rest >= _STEP:
        blocks.steps((whole - rest) // each, rest - alone)
    last = [(rest - alone, n - tail - BLOCK)] if alone else []
    if tail:
        last.append((rest + tail * each, n - BLOCK))
    if last:
        blocks.write(*zip(*last, strict=True))


@dataclass(frozen=True)
class _Blocks:
    """Converts blocks of words in a buffer to blocks of normal numbers in the target."""

    site: Site
    words: Value
    each: int  # words per number
    finish: _Finish

    def steps(self, first: Operand, size: int) -> None:
        """The first `size` words of the buffer, to the target from `first` on."""
        f = self.site.f
        with f.loop(0, size, _STEP) as loop:
            start = f.add(f.binary("lshr", loop.index, self.each - 1), first)
            offsets = range(0, _STEP // self.each, BLOCK)
            begins = [f.add(loop.index, i * self.each) for i in offsets]
            self.write(begins, [f.add(start, i) for i in offsets])

    def write(self, begins: Sequence[Operand], places: Sequence[Operand]) -> None:
        """The blocks of words at `begins`, to these places: two of float32, one of float64."""
        f, kind = self.site.f, self.site.kind
        make = _blocks32 if kind == FLOAT else _blocks64
        for block, place in zip(make(f, self.words, begins), places, strict=False):
            start = f.gep(kind, self.site.target, place)
            for i, part in enumerate(block):
                f.store(self.finish(part), f.gep(kind, start, i * width(part.type)))


def _blocks32(f: Function, words: Value, begins: Sequence[Operand]) -> list[list[Value]]:
    """Two blocks interleaved, to fill the vectors; a single one is computed twice."""
    a, b = (_words_at(f, words, begins[i]) for i in (0, -1))
    first, second = [*range(8), *range(16, 24)], [*range(8, 16), *range(24, 32)]
    u = f.fsub(1.0, twister.unit32(f, f.shuffle(a, b, first)))
    cosines, sines = box_muller(f, u, twister.unit32(f, f.shuffle(a, b, second)))
    return [[f.shuffle(cosines, sines, half)] for half in (first, second)]


def _blocks64(f: Function, words: Value, begins: Sequence[Operand]) -> list[list[Value]]:
    (begin,) = begins
    first, second = (
        twister.unit64(f, twister.pairs(f, _words_at(f, words, place)))
        for place in (begin, _plus(f, begin, twister.LANES))
    )
    return [list(box_muller(f, f.fsub(1.0, first), second))]


def _words_at(f: Function, words: Value, place: Operand) -> Value:
    return f.load(_WORDS, f.gep(I32, words, place))


def _plus(f: Function, place: Operand, n: int) -> Operand:
    return place + n if isinstance(place, int) else f.add(place, n)


def _scaled32(f: Function, mean: float, std: float) -> _Finish:
    mean32, std32 = float(np.float32(mean)), float(np.float32(std))
    if mean32 != 0 and std32 != 1:
        return lambda x: f.fma(x, std32, mean32)
    return lambda x: f.fadd(f.fmul(x, std32), mean32)


def _scaled64(f: Function, mean: float, std: float) -> _Finish:
    if mean != 0 and std != 1:
        return lambda x: f.fma(x, std, mean)
    return lambda x: f.fadd(f.fmul(x, std), mean)


# -------------------------------------------------------------------------------- pair by pair


def _by_pairs(site: Site, mean: float, std: float) -> None:
    """With the C library's functions, as eager does for a few numbers."""
    f, spare, n, kind = site.f, site.spare, site.count, site.kind
    words = twister.buffer(f)
    scale = _scaled64(f, mean, std)

    def write(value: Value, place: Operand) -> None:
        f.store(f.convert("fptrunc", scale(value), kind), f.gep(kind, site.target, place))

    waits = f.load(I8, _field(f, spare, "valid"))
    waiting = f.convert("zext", f.compare("ne", waits, 0), I64)
    with f.when(f.compare("ne", waits, 0)):
        write(f.load(DOUBLE, _field(f, spare, "sine")), 0)
        _keep(f, spare, constant(0.0, DOUBLE), valid=False)
    with f.loop(waiting, n, 2) as loop:
        twister.take(f, site.words, words, 4)
        cosine, sine = _pair(f, words)
        write(cosine, loop.index)
        following = f.add(loop.index, 1)
        inside = f.compare("slt", following, n)

        def here(sine: Value = sine, following: Value = following) -> tuple[()]:
            write(sine, following)
            return ()

        def kept(sine: Value = sine) -> tuple[()]:
            _keep(f, spare, sine, valid=True)
            return ()

        f.branch(inside, here, kept)


def _pair(f: Function, words: Value) -> tuple[Value, Value]:
    wide = [f.load(I64, f.gep(I64, words, i), align=4) for i in (0, 1)]
    turns, u = (twister.unit64(f, twister.swap_halves(f, w)) for w in wide)
    log = _c_library(f, "log1p", f.fneg(u))
    radius = f.intrinsic("llvm.sqrt", DOUBLE, f.fmul(log, -2.0))
    angle = f.fmul(turns, 2.0 * math.pi)
    cosine, sine = _c_library(f, "cos", angle), _c_library(f, "sin", angle)
    return f.fmul(radius, cosine), f.fmul(radius, sine)


def _c_library(f: Function, name: str, x: Value) -> Value:
    # The kept sine is part of the generator's state, so it must be bit-identical to eager's.
    f.module.declared.setdefault(name, f"double @{name}(double)")
    return f.call(name, DOUBLE, x)


def _keep(f: Function, spare: Value, sine: Value, *, valid: bool) -> None:
    f.store(sine, _field(f, spare, "sine"))
    f.store(constant(int(valid), I8), _field(f, spare, "valid"))


def _field(f: Function, spare: Value, name: str) -> Value:
    fields: Any = SPARE.fields
    return f.gep(I8, spare, int(fields[name][1]))
