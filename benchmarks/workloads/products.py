"""Plain matrix products in float32, (m, k) times (k, n), named m x k x n.

`-tn` stores the first operand transposed, as in a weight's gradient, `-nt` the second, as in
`linear`. The shapes come from the course's models: the two layers of `mlp`, and the layers of a
small GPT (768 tokens, width 128), with the gradient of one of its weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from ..workload import Arrays, Kernel, normal

SHAPES = (
    (64, 64, 64, "nn"),
    (128, 128, 128, "nn"),
    (256, 256, 256, "nn"),
    (512, 512, 512, "nn"),
    (32, 30, 200, "nn"),
    (32, 200, 27, "nn"),
    (768, 128, 384, "nn"),
    (768, 512, 128, "nn"),
    (512, 128, 768, "nn"),
    (512, 128, 768, "tn"),
    (512, 128, 768, "nt"),
    (128, 768, 512, "tn"),
)


def arrays(m: int, k: int, n: int, form: str) -> Arrays:
    rng = np.random.default_rng(7)
    return {
        "a": normal(rng, k, m) if form[0] == "t" else normal(rng, m, k),
        "b": normal(rng, n, k) if form[1] == "t" else normal(rng, k, n),
    }


def nn(ops: Any, x: Mapping[str, Any]) -> Any:
    return x["a"] @ x["b"]


def tn(ops: Any, x: Mapping[str, Any]) -> Any:
    return x["a"].T @ x["b"]


def nt(ops: Any, x: Mapping[str, Any]) -> Any:
    return x["a"] @ x["b"].T


def product(m: int, k: int, n: int, form: str) -> Kernel:
    operands = {"nn": "", "tn": "-tn", "nt": "-nt"}[form]
    return Kernel(
        name=f"product-{m}x{k}x{n}{operands}",
        text=f"({m}, {k}) @ ({k}, {n})"
        + {"nn": "", "tn": ", the first stored (k, m)", "nt": ", the second stored (n, k)"}[form],
        compute={"nn": nn, "tn": tn, "nt": nt}[form],
        arrays=partial(arrays, m, k, n, form),
        operations=2.0 * m * k * n,
    )


WORKLOADS = tuple(product(*shape) for shape in SHAPES)
