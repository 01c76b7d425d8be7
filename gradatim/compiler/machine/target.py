"""The machine that code is generated for: its CPU, and the width of its vectors.

GRADATIM_VECTOR_BYTES=32 (or 16) in the environment asks for narrower vectors than the CPU has: to
see what a laptop without AVX-512 does, or where wide ones slow the clock down.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from ...core.dtypes import of
from ...core.errors import ArgumentError
from . import llvm

NEAR = 1 << 15  # bytes that fit in the L1 cache of any of them

WIDTHS = (64, 32, 16)
# To LLVM, disabling a feature disables those that depend on it: AVX-512F all of AVX-512, AVX also
# FMA. They are disabled by name as well, as far as they are known: `export` lists what is left.
_WIDER_THAN = {32: "avx512f", 16: "avx"}
_DEPENDENT = {
    32: ("avx512", "avx10", "evex512"),
    16: ("avx", "evex512", "f16c", "fma", "sha512", "sm3", "sm4", "vaes", "vpclmulqdq", "xop"),
}


@dataclass(frozen=True)
class Target:
    """A CPU as LLVM describes it, and the width in bytes of the vectors to use on it.

    >>> core = Target("x86_64-unknown-linux-gnu", "skylake", "+avx,+avx2,+fma", 32)
    >>> core.lanes("float32"), core.lanes("float64")
    (8, 4)
    """

    triple: str
    cpu: str
    features: str  # in LLVM's syntax: "+avx2,+fma,-avx512f"
    vector_bytes: int

    def lanes(self, dtype: Any) -> int:
        """The number of elements of a dtype in one vector."""
        return self.vector_bytes // of(dtype).itemsize

    def narrow(self, vector_bytes: int) -> Target:
        """The same machine restricted to narrower vectors.

        >>> Target("x86_64-unknown-linux-gnu", "skylake", "+avx2", 32).narrow(16).features
        '-avx2,-avx'
        """
        if vector_bytes not in WIDTHS or vector_bytes > self.vector_bytes:
            fitting = [width for width in WIDTHS if width <= self.vector_bytes]
            raise ValueError(f"vector_bytes is one of {fitting} here, got {vector_bytes}")
        if vector_bytes == self.vector_bytes:
            return self
        features = self.features
        if self.is_x86:
            wide = tuple(f"+{name}" for name in _DEPENDENT[vector_bytes])
            each = (f"-{f[1:]}" if f.startswith(wide) else f for f in features.split(","))
            features = ",".join((*each, f"-{_WIDER_THAN[vector_bytes]}"))
        return replace(self, features=features, vector_bytes=vector_bytes)

    @property
    def attributes(self) -> str:
        """Attributes of every function, so that LLVM uses vectors of this width."""
        return f'"prefer-vector-width"="{8 * self.vector_bytes}" nounwind'

    @property
    def is_x86(self) -> bool:
        """Whether this is a 64-bit Intel or AMD machine."""
        return self.triple.startswith(("x86_64", "amd64"))

    @property
    def is_arm(self) -> bool:
        """Whether this is a 64-bit ARM machine."""
        return self.triple.startswith(("aarch64", "arm64"))

    @property
    def registers(self) -> int:
        """How many registers hold vectors: AVX-512 and ARM's NEON have 32, SSE and AVX 16.

        >>> [named(name).registers for name in ("x86-64-v2", "x86-64-v3", "x86-64-v4", "armv8-a")]
        [16, 16, 32, 32]
        """
        return 32 if self.is_arm or self.vector_bytes == 64 else 16

    @property
    def has_fma(self) -> bool:
        """Whether a b + c is one instruction; otherwise LLVM would call the C library for it."""
        return self.is_arm or (self._has("fma") and not self._has("avx", switch="-"))

    @property
    def has_rounding(self) -> bool:
        """Whether floor, ceil, trunc and rint are instructions, not calls."""
        return self.is_arm or self._has("sse4.1")

    @property
    def has_lookup(self) -> bool:
        """Whether one instruction permutes floats out of two whole vectors (AVX-512)."""
        return self.is_x86 and self.vector_bytes == 64 and self._has("avx512f")

    @property
    def has_masks(self) -> bool:
        """Whether a store of some lanes is as quick as one of all of them (AVX-512)."""
        return self.is_x86 and self.vector_bytes == 64 and self._has("avx512f")

    @property
    def has_extremes(self) -> bool:
        """Whether the larger of two is one instruction that lets nan through, as NumPy's is."""
        return self.is_arm

    def _has(self, feature: str, switch: str = "+") -> bool:
        return f"{switch}{feature}" in self.features.split(",")

    @property
    def key(self) -> str:
        """Everything that machine code depends on: it runs on machines with the same key."""
        return f"{self.triple} {self.cpu} {self.features} {self.vector_bytes}"


# The levels of the x86-64 ABI, https://gitlab.com/x86-psABIs/x86-64-ABI, section 3.1.1.
_V2 = "+sse3,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16"
_V3 = f"{_V2},+avx,+avx2,+bmi,+bmi2,+f16c,+fma,+lzcnt,+movbe"
_V4 = f"{_V3},+avx512f,+avx512bw,+avx512cd,+avx512dq,+avx512vl"
LEVELS = {
    "x86-64": Target("x86_64-unknown-linux-gnu", "x86-64", "+sse2", 16),
    "x86-64-v2": Target("x86_64-unknown-linux-gnu", "x86-64-v2", _V2, 16),
    "x86-64-v3": Target("x86_64-unknown-linux-gnu", "x86-64-v3", _V3, 32),
    "x86-64-v4": Target("x86_64-unknown-linux-gnu", "x86-64-v4", _V4, 64),
    "armv8-a": Target("aarch64-unknown-linux-gnu", "generic", "+neon,+fp-armv8", 16),
}


def named(name: str) -> Target:
    """A level of processors by name, on Linux: what every machine of that level supports.

    Errors: ArgumentError lists the names.

    >>> named("x86-64-v3").lanes("float32")
    8
    """
    if name not in LEVELS:
        raise ArgumentError(f"no target {name!r}; there are {', '.join(LEVELS)}")
    return LEVELS[name]


@cache
def host() -> Target:
    """This machine, as LLVM reports it; `engine.available` tells whether there is LLVM."""
    info = llvm.host_info()
    # On Windows LLVM's in-memory loader supports only ELF.
    triple = f"{info.triple}-elf" if os.name == "nt" else info.triple
    switches = [f"{'+' if on else '-'}{name}" for name, on in sorted(info.features.items())]
    widest = Target(triple, info.cpu, ",".join(switches), vector_width(info.features))
    return _as_requested(widest, os.environ.get("GRADATIM_VECTOR_BYTES", ""))


def _as_requested(widest: Target, width: str) -> Target:
    """The machine with vectors of the width the environment requests, if any."""
    fitting = [str(w) for w in WIDTHS if w <= widest.vector_bytes]
    if width and width not in fitting:
        raise ArgumentError(
            f"GRADATIM_VECTOR_BYTES is {width!r}: unset it, or choose {', '.join(fitting)}"
        )
    return widest.narrow(int(width)) if width else widest


def vector_width(features: dict[str, bool]) -> int:
    """The width in bytes of a CPU's widest vectors; NEON and SSE2 have 16.

    >>> vector_width({"sse2": True, "avx": True, "avx512f": False})
    32
    """
    if features.get("avx512f"):
        return 64
    return 32 if features.get("avx") else 16
