"""Draws with given probabilities: Bernoulli, exponential and categorical."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ..errors import DTypeError, ShapeError
from .errors import RandomError
from .memory_order import draw_order
from .twister import Twister

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Weights are mostly float32, which cannot represent all integers beyond this.
_MOST_CATEGORIES = 2**24

Bools: TypeAlias = "NDArray[np.bool_]"
Ints: TypeAlias = "NDArray[np.int64]"


def coins(twister: Twister, n: int, p: float) -> Bools:
    """`n` bools, true with probability `p`: where a 53-bit uniform number u < p."""
    if not 0 <= p <= 1:
        raise RandomError(f"bernoulli: p must be between 0 and 1, got p={p}")
    return twister.counts53(n) < math.ceil(p * 2**53)


def coins_each(twister: Twister, p: NDArray) -> Bools:
    """True with each element's probability: from 24-bit uniforms for float32, 53 for float64."""
    if p.dtype.kind != "f":
        raise DTypeError(f"bernoulli: probabilities must be floating point, got {p.dtype}")
    if p.size and not (p.min() >= 0 and p.max() <= 1):
        raise RandomError("bernoulli: every p must be between 0 and 1, and some are not")
    unit = twister.unit32(p.size) if p.dtype == np.float32 else twister.unit64(p.size)
    return unit.reshape(p.shape) < p


def exponential(twister: Twister, n: int, rate: float, dtype: np.dtype[Any]) -> NDArray:
    """`n` exponential numbers -log(1 - u) / rate, computed in float64 and rounded to `dtype`."""
    if not rate > 0:
        raise RandomError(f"exponential: lambd must be positive, got lambd={rate}")
    waits = twister.unit64(n)
    np.negative(waits, out=waits)
    np.log1p(waits, out=waits)
    waits *= -1.0 / rate
    return waits.astype(dtype, copy=False)


def multinomial(twister: Twister, p: NDArray, num_samples: int, replacement: bool) -> Ints:
    """Categories drawn with the weights in each row of `p`: (..., C) -> (..., num_samples)."""
    _check(p, num_samples, replacement)
    rows = p if p.ndim == 2 else p[np.newaxis]
    if not len(rows):
        return np.empty((0, num_samples), np.int64)
    _check_weights(rows)
    if replacement and num_samples > 1:
        drawn = _search(_cumulated(rows), _uniforms(twister, len(rows), num_samples))
    else:
        drawn = _first_to_arrive(rows, _race(twister, p).reshape(rows.shape), num_samples)
    return drawn.reshape(*p.shape[:-1], num_samples)


def _race(twister: Twister, p: NDArray) -> NDArray:
    """One exponential waiting time per weight, drawn in the memory order of the weights."""
    waits = exponential(twister, p.size, 1.0, p.dtype)
    if p.flags.c_contiguous:
        return waits
    axes = draw_order(p.shape, p.strides)
    ordered = waits.reshape([p.shape[axis] for axis in axes])
    return ordered.transpose(np.argsort(axes))


def _first_to_arrive(rows: NDArray, waits: NDArray, count: int) -> Ints:
    """The exponential race: category c arrives at waits[c] / p[c], the first ones are drawn.

    Ties are broken by index: of weights of zero, which never arrive, and in float32 now and then of
    two in 100,000. In PyTorch their order depends on the sort of its C++ library.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        speed = rows / waits
    if count == 1:
        return speed.argmax(-1, keepdims=True)
    return np.argsort(-speed, axis=-1, kind="stable")[:, :count]


def _cumulated(rows: NDArray) -> NDArray:
    """The cumulative sums of each row, in its precision, divided by the last."""
    sums = rows.cumsum(-1)
    sums /= sums[:, -1:]
    sums[:, -1] = 1
    return sums


def _uniforms(twister: Twister, rows: int, count: int) -> NDArray[np.float64]:
    return twister.unit64(rows * count).reshape(rows, count)


def _search(sums: NDArray, uniforms: NDArray[np.float64]) -> Ints:
    """For each u of a row, the first category whose cumulative sum is not below u."""
    if len(sums) == 1:
        return sums[0].astype(np.float64).searchsorted(uniforms[0])[np.newaxis]
    rows = np.arange(len(sums))[:, np.newaxis]
    found = np.zeros(uniforms.shape, np.int64)
    # A binary search in all rows at once; the last sum is 1, above every u, so one is found.
    step = 1 << (sums.shape[1] - 1).bit_length()
    while step := step >> 1:
        probe = np.minimum(found + step, sums.shape[1]) - 1
        found += step * (sums[rows, probe] < uniforms)
    return found


def _check(p: NDArray, num_samples: int, replacement: bool) -> None:
    if p.ndim not in (1, 2):
        raise ShapeError(f"multinomial: weights are (C,) or (rows, C), got shape {p.shape}")
    if p.dtype.kind != "f":
        raise DTypeError(
            f"multinomial: weights must be floating point, got {p.dtype}; use .float() first"
        )
    if num_samples <= 0:
        raise RandomError(f"multinomial: num_samples must be positive, got {num_samples}")
    if not replacement and num_samples > p.shape[-1]:
        raise RandomError(
            f"multinomial: cannot draw num_samples={num_samples} of {p.shape[-1]} categories "
            "without replacement; draw fewer or pass replacement=True"
        )
    if not 0 < p.shape[-1] <= _MOST_CATEGORIES:
        raise RandomError(f"multinomial: takes 1 to 2^24 categories, got {p.shape[-1]}")


def _check_weights(rows: NDArray) -> None:
    highest = rows.max(-1)
    # Comparisons with nan are false.
    if not (rows.min() >= 0 and highest.max() < math.inf):
        raise RandomError(f"multinomial: {_first_bad_weight(rows)}")
    if not highest.all():
        where = f" of row {int(highest.argmin())}" if len(rows) > 1 else ""
        raise RandomError(f"multinomial: all weights{where} are zero, so none can be drawn")


def _first_bad_weight(rows: NDArray) -> str:
    row, column = np.argwhere(~((rows >= 0) & (rows < math.inf)))[0]
    where = f"weight {column}" + (f" of row {row}" if len(rows) > 1 else "")
    return f"{where} is {rows[row, column]}; weights must be finite and not negative"
