"""Elementwise chains in float32: the effect of fusion, in and out of cache.

`chain` is tanh(x y + z) exp(-x x), compute-bound; `axpy` is 2 x + y, memory-bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from ..workload import Arrays, Kernel, normal


def arrays(count: int) -> Arrays:
    rng = np.random.default_rng(7)
    return {name: normal(rng, count) for name in "xyz"}


def chain(ops: Any, a: Mapping[str, Any]) -> Any:
    return ops.tanh(a["x"] * a["y"] + a["z"]) * ops.exp(-a["x"] * a["x"])


def axpy(ops: Any, a: Mapping[str, Any]) -> Any:
    return 2.0 * a["x"] + a["y"]


WORKLOADS = tuple(
    Kernel(
        name=f"{name}-{size}",
        text=f"{text} on {count:,} numbers",
        compute=compute,
        arrays=partial(arrays, count),
    )
    for name, compute, text in (
        ("chain", chain, "tanh(x y + z) exp(-x x)"),
        ("axpy", axpy, "2 x + y"),
    )
    for size, count in (("1e4", 10_000), ("1e6", 1_000_000))
)
