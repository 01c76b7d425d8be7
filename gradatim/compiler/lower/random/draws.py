"""Random numbers in machine code: the same values as the eager draws, from the same stream.

`DRAWS` has a writer for each primitive of `ops.random`; it fills a contiguous target from the
generator's words and leaves the generator as the eager draw would. Results are bit-identical,
except those that expose float64 logarithms, sines and cosines of many numbers: float64 waiting
times, and float64 normals from 16 on, are within 6e-16 of NumPy's. (A float32 waiting time is such
a number rounded: about one in 10^9 is rounded the other way.)

The eager draws check probabilities before they take a word, and refuse bad ones. Machine code
does not check: a probability below 0 counts as 0, one above 1 or nan as 1 or 0, and a row of
weights without any positive one yields some category.

    twister     words, in bulk
    integers    randint, randperm
    normal      normal
    weighted    multinomial
    functions   log, sin, cos
    site        what all writers are given
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....core.storage import ArrayType
from ...machine.target import Target, host
from ..text.emit import Function
from ..text.types import I8, Value, constant
from . import twister
from .integers import randint, randint_supported, randperm, randperm_supported
from .normal import normal, normal_supported
from .site import Site, kinds
from .weighted import multinomial, multinomial_supported, waiting_times

_Types = tuple[ArrayType, ...]


@dataclass(frozen=True)
class Draw:
    """How one primitive is written.

    Calling it writes the code that fills `target`, the address of contiguous memory of type
    `out_type`. `words` is the address of the 624 words and the position (`Twister.address`),
    `spare` that of the kept sine (`Twister.spare`), `inputs` are those of contiguous inputs; the
    parameters are the primitive's, without its generator.
    """

    write: Callable[..., None]
    can: Callable[..., bool]
    fused: bool = False  # relies on fused multiply-add for equal rounding

    def __call__(
        self,
        f: Function,
        target: Value,
        words: Value,
        spare: Value,
        inputs: tuple[Value, ...],
        out_type: ArrayType,
        in_types: _Types,
        **params: Any,
    ) -> None:
        self.write(Site(f, target, words, spare, inputs, out_type, in_types), **params)


def supported(
    name: str,
    out_type: ArrayType,
    params: Mapping[str, Any],
    in_types: _Types = (),
    target: Target | None = None,
) -> bool:
    """Whether a draw is written natively; if not, or if eager would refuse it, NumPy does it.

    `in_types` is needed for the draws that have inputs, bernoulli and multinomial.

    >>> supported("coins", ArrayType((3,), np.dtype(bool)), {"shape": (3,), "p": 0.5})
    True
    >>> supported("coins", ArrayType((3,), np.dtype(bool)), {"shape": (3,), "p": 2.0})
    False
    """
    draw = DRAWS.get(name)
    if draw is None or any(kinds(kind.dtype) is None for kind in (out_type, *in_types)):
        return False
    if draw.fused and not (target or host()).has_fma:  # emulating it would be slow
        return False
    return draw.can(out_type, in_types, **{k: v for k, v in params.items() if k != "generator"})


# ------------------------------------------------------------------------------ uniform numbers


def _uniform(
    site: Site, *, shape: tuple[int, ...], low: float, high: float, dtype: np.dtype[Any]
) -> None:
    """u (high - low) + low, rounded once; `low` where that rounds to `high`."""
    f = site.f
    start, end = dtype.type(low), dtype.type(high)
    unit, words_each = _unit(f, dtype)

    def write(words: Value, place: Value, mask: Value | None) -> None:
        value = unit(words)
        if low != 0 or high != 1:
            value = f.fma(value, float(end - start), float(start))
            at_end = f.compare("oeq", value, float(end))
            value = f.select(at_end, constant(float(start), value.type), value)
        twister.store(f, value, site.target, place, mask)

    twister.fill(f, site.words, site.count, words_each, write)


def _uniform_supported(
    out_type: ArrayType,
    in_types: _Types,
    *,
    shape: tuple[int, ...],
    low: float,
    high: float,
    dtype: np.dtype[Any],
) -> bool:
    largest = float(np.finfo(dtype).max)
    if not (abs(low) <= largest and abs(high) <= largest and 0 <= high - low <= largest):
        return False
    return dtype == np.float32 or twister.rounds_once(high - low, low)


def _unit(f: Function, dtype: np.dtype[Any]) -> tuple[Callable[[Value], Value], int]:
    """The function from sixteen words to uniform numbers of a dtype, and the words per number."""
    if dtype == np.float32:
        return lambda words: twister.unit32(f, words), 1
    return lambda words: twister.unit64(f, twister.pairs(f, words)), 2


# ------------------------------------------------------------------------- given probabilities


def _coins(site: Site, *, shape: tuple[int, ...], p: float) -> None:
    """u < p for 53-bit uniforms u, compared as the integers that they are made from."""
    f, below = site.f, math.ceil(p * 2**53)

    def write(words: Value, place: Value, mask: Value | None) -> None:
        heads = f.compare("ult", twister.counts53(f, twister.pairs(f, words)), below)
        twister.store(f, f.convert("zext", heads, I8), site.target, place, mask)

    twister.fill(f, site.words, site.count, 2, write)


def _bernoulli(site: Site) -> None:
    """u < p elementwise, in the precision of p."""
    f = site.f
    unit, words_each = _unit(f, site.in_types[0].dtype)

    def write(words: Value, place: Value, mask: Value | None) -> None:
        u = unit(words)
        p = twister.load(f, u.type, site.inputs[0], place, mask)
        heads = f.convert("zext", f.compare("olt", u, p), I8)
        twister.store(f, heads, site.target, place, mask)

    twister.fill(f, site.words, site.count, words_each, write)


def _bernoulli_supported(out_type: ArrayType, in_types: _Types) -> bool:
    return in_types[0].dtype.kind == "f"


def _exponential(site: Site, *, shape: tuple[int, ...], lambd: float, dtype: np.dtype[Any]) -> None:
    """-log(1 - u) / lambd in float64, rounded to the dtype."""
    f = site.f

    def write(words: Value, place: Value, mask: Value | None) -> None:
        waits = f.convert("fptrunc", waiting_times(f, words, 1.0 / lambd), site.kind)
        twister.store(f, waits, site.target, place, mask)

    twister.fill(f, site.words, site.count, 2, write)


DRAWS: dict[str, Draw] = {
    "uniform": Draw(_uniform, _uniform_supported, fused=True),
    "normal": Draw(normal, normal_supported, fused=True),
    "exponential": Draw(_exponential, lambda *_, shape, lambd, dtype: lambd > 0, fused=True),
    "randint": Draw(randint, randint_supported),
    "randperm": Draw(randperm, randperm_supported),
    "coins": Draw(_coins, lambda *_, shape, p: 0 <= p <= 1),
    "bernoulli": Draw(_bernoulli, _bernoulli_supported),
    "multinomial": Draw(multinomial, multinomial_supported, fused=True),
}
