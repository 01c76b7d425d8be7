"""Uniform integers: the remainder of a random word, 32-bit where that is uniform enough."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DTypeError
from .errors import RandomError
from .twister import FEW, Twister

if TYPE_CHECKING:
    from numpy.typing import NDArray

# From this many values on, the remainder of a 32-bit word would favour small ones by 6 %.
_WIDE = 2**28
_ALL = 2**64
_INT64 = np.iinfo(np.int64)
_OF_TWO_WORDS = (np.dtype(np.int64), np.dtype(np.float64))


def between(twister: Twister, n: int, low: int, high: int, dtype: np.dtype[Any]) -> NDArray:
    """`n` integers in [low, high)."""
    return _remainders(twister, n, *_between(low, high, dtype), dtype)


def at_least(twister: Twister, n: int, low: int, dtype: np.dtype[Any]) -> NDArray:
    """`n` integers from `low` to `_largest(dtype)`."""
    return _remainders(twister, n, *_at_least(low, dtype), dtype)


def any_natural(twister: Twister, n: int, dtype: np.dtype[Any]) -> NDArray:
    """`n` integers from 0 to `_largest(dtype)`."""
    span = _largest(dtype) + 1
    if dtype in _OF_TWO_WORDS:
        return (twister.words64(n) % np.uint64(span)).astype(dtype)
    return _remainders32(twister, n, span).astype(dtype)


def remainder(low: int | None, high: int | None, dtype: np.dtype[Any]) -> tuple[int, int, bool]:
    """How `random_(low=, high=)` computes integers, for machine code that does the same.

    Returns low, span and whether words are 64-bit: an integer is low + word % span.

    >>> remainder(-5, 5, np.dtype(np.int64))
    (-5, 10, False)
    """
    if low is None and high is None:
        return 0, _largest(dtype) + 1, dtype in _OF_TWO_WORDS
    low, span = _between(low or 0, high, dtype) if high is not None else _at_least(low or 0, dtype)
    # With a span of 2^64 every word is used unchanged, whatever `low`.
    return low if span < _ALL else 0, span, span >= _WIDE


def _between(low: int, high: int, dtype: np.dtype[Any]) -> tuple[int, int]:
    """The lowest integer and the number of integers."""
    low, high = int(low), int(high)
    _check_int64("low", low)
    _check_int64("high", high)
    if low >= high:
        raise RandomError(f"randint: low must be below high, got low={low} and high={high}")
    if dtype.kind == "f":
        low, high = _inward(low, high, dtype)
    _check_bounds(low, high - 1, dtype)
    return low, high - low


def _at_least(low: int, dtype: np.dtype[Any]) -> tuple[int, int]:
    _check_int64("low", low)
    if low == _INT64.min:
        return _all_int64(dtype)
    last = _largest(dtype)
    if dtype.kind == "f":
        low, _ = _inward(low, last, dtype)
    _check_bounds(low, last, dtype)
    return low, last - low + 1


def _remainders(twister: Twister, n: int, low: int, span: int, dtype: np.dtype[Any]) -> NDArray:
    """low + word % span modulo 2^64, reinterpreted as int64."""
    if span < _WIDE and n < FEW:
        words = twister.raw(n)
        words %= np.uint64(span)
    elif span < _WIDE:
        words = _remainders32(twister, n, span).astype(np.uint64)
    elif span < _ALL:
        words = twister.words64(n)
        words %= np.uint64(span)
    else:
        words = twister.words64(n)
    if low and span < _ALL:
        words += np.uint64(low % _ALL)
    return words.view(np.int64).astype(dtype, copy=False)


def _remainders32(twister: Twister, n: int, span: int) -> NDArray[np.uint32]:
    words = twister.words32(n)
    # NumPy turns division by a scalar into multiplications, but computes % by hardware division.
    quotients = words // np.uint32(span)
    quotients *= np.uint32(span)
    words -= quotients
    return words


@cache
def _largest(dtype: np.dtype[Any]) -> int:
    """The largest integer n such that `dtype` represents all integers from 0 to n."""
    if dtype.kind == "f":
        return int(2 ** (np.finfo(dtype).nmant + 1))
    return _limits(dtype)[1]


def _all_int64(dtype: np.dtype[Any]) -> tuple[int, int]:
    if dtype != np.int64 and dtype.kind != "f":
        raise DTypeError(f"random_: all 2^64 integers fit int64 and floating dtypes, not {dtype}")
    return _INT64.min, _ALL


def _inward(low: int, high: int, dtype: np.dtype[Any]) -> tuple[int, int]:
    """The bounds moved inward so that no integer in between rounds out of the range."""
    bits = np.finfo(dtype).nmant + 1

    def gap(value: int) -> int:
        return 1 << max(abs(value).bit_length() - bits, 0)

    rounded_low, rounded_last = int(dtype.type(low + 1)), int(dtype.type(high - 1))
    new_low = rounded_low + gap(low + 1) if rounded_low < low else low
    new_high = rounded_last - gap(high - 1) if rounded_last >= high else high
    if new_low >= new_high:
        raise RandomError(f"randint: {dtype} has no integer from low={low} to below high={high}")
    return new_low, new_high


def _check_int64(name: str, bound: int) -> None:
    if not _INT64.min <= bound <= _INT64.max:
        raise RandomError(f"randint: {name}={bound} is outside the 64-bit integers")


def _check_bounds(low: int, last: int, dtype: np.dtype[Any]) -> None:
    if dtype.kind == "f":
        return
    smallest, largest = _limits(dtype)
    for name, bound in (("low", low), ("high - 1", last)):
        if not smallest <= bound <= largest:
            raise RandomError(
                f"randint: {name} is {bound}, but {dtype} holds {smallest} to {largest}"
            )


@cache
def _limits(dtype: np.dtype[Any]) -> tuple[int, int]:
    if dtype.kind == "b":
        return 0, 1
    info = np.iinfo(dtype)
    return int(info.min), int(info.max)
