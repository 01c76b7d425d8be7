"""The bigram table with the softmax moved before the gather, by hand, for all sides.

log_softmax acts on each row independently, so log_softmax(W[x]) = log_softmax(W)[x]: 27 rows
instead of 215,000. It is another program with the same result, so it has its own row. Everything
else (loss, optimiser, rate, data) is that of `bigram`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from . import bigram


def loss(ops: Any, p: Mapping[str, Any], data: Mapping[str, Any], index: None) -> Any:
    likelihood = ops.log_softmax(p["W"])[data["x"], data["y"]].mean()
    return 0.01 * (p["W"] ** 2).mean() - likelihood


WORKLOAD = replace(
    bigram.WORKLOAD,
    name="bigram-commuted",
    text="the same with log_softmax before the gather, written so for all sides",
    loss=loss,
    operations=2.0 * bigram.PAIRS,  # a sum over the gathered numbers, a count for the gradient
)
