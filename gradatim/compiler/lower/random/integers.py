"""Uniform integers and shuffles in machine code: see `core.random.integers` and `.permutation`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.random import integers, permutation
from ....core.random.errors import RandomError
from ....core.storage import ArrayType
from ..text.emit import Function
from ..text.types import DOUBLE, FLOAT, I32, I64, Value, constant, constants, element
from . import twister
from .site import Site

_INT32_MIN, _INT32_END = -(2**31), 2**31


def randint(
    site: Site,
    *,
    shape: tuple[int, ...],
    low: int | None,
    high: int | None,
    dtype: np.dtype[Any],
) -> None:
    """low + word % span as a signed integer, then as the dtype.

    LLVM turns the remainder by a constant into multiplications.
    """
    f = site.f
    start, span, wide = integers.remainder(low, high, dtype)
    narrow = not wide and start >= _INT32_MIN and start + span <= _INT32_END

    def write(words: Value, place: Value, mask: Value | None) -> None:
        number = twister.pairs(f, words) if wide else words
        if span < 2**64:
            number = f.binary("urem", number, span)
        if not narrow:
            number = f.convert("zext", number, I64)
        if start:
            number = f.add(number, start % (2**32 if narrow else 2**64))
        twister.store(f, _signed_as(f, number, site.kind), site.target, place, mask)

    twister.fill(f, site.words, site.count, 2 if wide else 1, write)


def randint_supported(
    out_type: ArrayType,
    in_types: tuple[ArrayType, ...],
    *,
    shape: tuple[int, ...],
    low: int | None,
    high: int | None,
    dtype: np.dtype[Any],
) -> bool:
    """Every range that the eager draw accepts."""
    try:
        integers.remainder(low, high, dtype)
    except (RandomError, TypeError):
        return False
    return True


def randperm(site: Site, *, n: int, dtype: np.dtype[Any]) -> None:
    """Fisher-Yates shuffle: each place in turn is swapped with itself or a later one."""
    f, kind = site.f, site.kind
    _count_up(site, n)
    if n < 2:
        return
    words = twister.buffer(f)
    with f.loop(0, n - 1, twister.CHUNK) as chunk:
        left = f.sub(n - 1, chunk.index)
        count = f.intrinsic("llvm.smin", I64, left, constant(twister.CHUNK, I64))
        twister.take(f, site.words, words, count)
        with f.loop(0, count) as turn:
            place = f.add(chunk.index, turn.index)
            word = f.load(I32, f.gep(I32, words, turn.index))
            choices = f.convert("trunc", f.sub(n, place), I32)
            step = f.convert("zext", f.binary("urem", word, choices), I64)
            other = f.gep(kind, site.target, f.add(place, step))
            _swap(f, kind, f.gep(kind, site.target, place), other)


def randperm_supported(
    out_type: ArrayType, in_types: tuple[ArrayType, ...], *, n: int, dtype: np.dtype[Any]
) -> bool:
    """Below the size at which PyTorch changes its algorithm, and within the range of the dtype."""
    last = 2 ** (np.finfo(dtype).nmant + 1) if dtype.kind == "f" else np.iinfo(dtype).max
    return 0 <= n < permutation.HUGE and n - 1 <= last


def _swap(f: Function, kind: str, a: Value, b: Value) -> None:
    first, second = f.load(kind, a), f.load(kind, b)
    f.store(second, a)
    f.store(first, b)


def _count_up(site: Site, n: int) -> None:
    """0, 1, ..., n - 1."""
    f, lanes = site.f, twister.LANES

    def write(place: Value, mask: Value | None) -> None:
        index = f.add(f.splat(f.convert("trunc", place, I32), lanes), constants(range(lanes), I32))
        twister.store(f, _signed_as(f, index, site.kind), site.target, place, mask)

    whole = n // lanes * lanes
    if whole:
        with f.loop(0, whole, lanes) as loop:
            write(loop.index, None)
    if n > whole:
        write(constant(whole, I64), f.first_lanes(lanes, n - whole))


def _signed_as(f: Function, value: Value, kind: str) -> Value:
    """A signed integer converted to `kind`."""
    if kind in (FLOAT, DOUBLE):
        return f.convert("sitofp", value, kind)
    if kind == element(value.type):
        return value
    return f.convert("sext" if kind == I64 else "trunc", value, kind)
