"""The learned bigram table: one 27 x 27 matrix, all pairs of the built-in names in each step.

activation        none: the row of the letter before is the logits
final activation  softmax, within the loss
loss              mean negative log-likelihood + 0.01 mean(W^2)
optimiser         SGD, rate 10, all pairs at once
dtype             float32; indices in the library's own integer (JAX int32, the others int64)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..workload import Arrays, Training, normal

PAIRS = 215_000  # approximately; used only to count the arithmetic
# Per number of a row: subtract the maximum, exp (counted as 20), sum, divide, compare, add to dW.
OPERATIONS = 25.0 * 27 * PAIRS


def arrays() -> tuple[Arrays, Arrays]:
    from gradatim.data import names

    words = names.load()
    x, y = names.pairs(words.words, words.vocabulary)
    return {"W": normal(np.random.default_rng(7), 27, 27)}, {"x": x, "y": y}


def loss(ops: Any, p: Mapping[str, Any], data: Mapping[str, Any], index: None) -> Any:
    return ops.cross_entropy(p["W"][data["x"]], data["y"]) + 0.01 * (p["W"] ** 2).mean()


WORKLOAD = Training(
    name="bigram",
    text="27 x 27 matrix, all 215,000 pairs of names, NLL + 0.01 mean(W^2), SGD 10",
    rate=10.0,
    loss=loss,
    arrays=arrays,
    operations=OPERATIONS,
    together=5,
    compared_steps=10,
)
