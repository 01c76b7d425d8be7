"""Normal numbers by the transform of Box and Muller (1958), in PyTorch's two variants.

Two uniform numbers give a radius and an angle, and these give two independent normals: the radius
times the cosine and the sine of the angle. PyTorch draws a contiguous tensor of 16 numbers or more
in blocks of eight pairs, in the tensor's precision; all others pair by pair in float64, keeping an
unused sine for the next such call.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from . import cephes
from .errors import RandomError
from .rounding import fma32, fma64
from .twister import Twister

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK = 16
_PAIRS = BLOCK // 2
# Blocks processed at a time, so that intermediate results stay in cache
_CHUNK = 512
_TWO_PI32 = np.float32(2 * math.pi)


def normal(
    twister: Twister, n: int, mean: float, std: float, dtype: np.dtype[Any], in_blocks: bool
) -> NDArray:
    """`n` normal numbers; `in_blocks` if they fill a contiguous array."""
    if not std >= 0:
        raise RandomError(f"normal: std must not be negative, got std={std}")
    if n < BLOCK or not in_blocks:
        standard = _by_pairs(twister, n)
        if mean == 0 or std == 1:
            return (standard * std + mean).astype(dtype)
        return fma64(standard, std, mean).astype(dtype)
    if dtype == np.float32:
        return _scaled32(_by_blocks(twister.unit32, n, _transform32), mean, std)
    return _scaled64(_by_blocks(twister.unit64, n, _transform64), mean, std)


def _scaled32(standard: NDArray, mean: float, std: float) -> NDArray:
    mean32, std32 = np.float32(mean), np.float32(std)
    if mean32 != 0 and std32 != 1:
        return fma32(standard, float(std32), float(mean32))
    standard *= std32
    standard += mean32
    return standard


def _scaled64(standard: NDArray, mean: float, std: float) -> NDArray:
    if mean != 0 and std != 1:
        return fma64(standard, std, mean)
    standard *= std
    standard += mean
    return standard


# ------------------------------------------------------------------------------------ in blocks


def _by_blocks(draw: Any, n: int, transform: Any) -> NDArray:
    """Draw uniforms and transform whole blocks; a tail makes the last 16 numbers a new block."""
    tail = n % BLOCK
    if not tail:
        return _by_chunks(draw(n), transform)
    uniforms = draw(n + BLOCK)
    whole = n - tail
    # The tail's own uniforms are not used; the 16 extra ones form one more whole block.
    uniforms[whole : whole + BLOCK] = uniforms[n:]
    _by_chunks(uniforms[: whole + BLOCK], transform)
    uniforms[n - BLOCK : n] = uniforms[whole : whole + BLOCK]
    return uniforms[:n]


def _by_chunks(uniforms: NDArray, transform: Any) -> NDArray:
    """Transform in place: the first half of each block to cosines, the second to sines."""
    blocks = uniforms.reshape(-1, BLOCK)
    for start in range(0, len(blocks), _CHUNK):
        chunk = blocks[start : start + _CHUNK]
        cosines, sines = transform(1 - chunk[:, :_PAIRS].ravel(), chunk[:, _PAIRS:].ravel())
        chunk[:, :_PAIRS] = cosines.reshape(-1, _PAIRS)
        chunk[:, _PAIRS:] = sines.reshape(-1, _PAIRS)
    return uniforms


def _transform32(u1: NDArray, u2: NDArray) -> tuple[NDArray, NDArray]:
    radius = cephes.log(u1)
    radius *= np.float32(-2)
    np.sqrt(radius, out=radius)
    u2 *= _TWO_PI32
    sine, cosine = cephes.sincos(u2)
    sine *= radius
    cosine *= radius
    return cosine, sine


def _transform64(u1: NDArray, u2: NDArray) -> tuple[NDArray, NDArray]:
    return _polar(np.log(u1), u2)


def _polar(log_u: NDArray, turns: NDArray) -> tuple[NDArray, NDArray]:
    radius = np.sqrt(-2.0 * log_u)
    angle = 2.0 * math.pi * turns
    return radius * np.cos(angle), radius * np.sin(angle)


# -------------------------------------------------------------------------------- pair by pair


def _by_pairs(twister: Twister, n: int) -> NDArray[np.float64]:
    """Alternating cosines and sines, starting with the spare sine; an unused last one is kept."""
    spare = twister.spare
    waiting = int(n > 0 and bool(spare["valid"]))
    pairs = (n - waiting + 1) // 2
    turns, u = twister.unit64(2 * pairs).reshape(-1, 2).T
    out = np.empty(waiting + 2 * pairs)
    out[waiting::2], out[waiting + 1 :: 2] = (_few if n < BLOCK else _many)(turns, u)
    if waiting:
        out[0] = spare["sine"]
        spare["sine"], spare["valid"] = 0.0, False
    if len(out) > n:
        # The spare is part of the state, so it too must equal PyTorch's bit for bit.
        spare["sine"], spare["valid"] = _few(turns[-1:], u[-1:])[1][0], True
    return out[:n]


def _many(turns: NDArray, u: NDArray) -> tuple[NDArray, NDArray]:
    return _polar(np.log1p(-u), turns)


def _few(turns: NDArray, u: NDArray) -> tuple[list[float], list[float]]:
    """The same with the C library's functions, as in PyTorch: equal bit for bit."""
    radii = [math.sqrt(-2.0 * math.log1p(-x)) for x in u.tolist()]
    angles = [2.0 * math.pi * x for x in turns.tolist()]
    cosines = [r * math.cos(a) for r, a in zip(radii, angles, strict=True)]
    return cosines, [r * math.sin(a) for r, a in zip(radii, angles, strict=True)]
