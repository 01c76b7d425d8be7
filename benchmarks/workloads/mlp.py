"""Bengio et al. 2003 on first names: context 3, embedding 10, hidden 200, batch 32.

activation        tanh in the hidden layer
final activation  softmax, within the loss
loss              mean cross-entropy over the batch
optimiser         SGD, rate 0.1
batch             32 examples drawn with replacement within the step, from all of the names'.
                  JAX has another generator than PyTorch and Gradatim: it is given the same
                  indices as a table, so that drawing costs it nothing.
dtype             float32; indices in the library's own integer (JAX int32, the others int64)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..workload import Arrays, Training, normal, uniform

CONTEXT, FEATURES, HIDDEN, LETTERS, BATCH = 3, 10, 200, 27, 32


def arrays() -> tuple[Arrays, Arrays]:
    from gradatim.data import names

    words = names.load()
    x, y = names.contexts(words.words, CONTEXT, words.vocabulary)
    rng = np.random.default_rng(7)
    parameters = {
        "C": normal(rng, LETTERS, FEATURES),
        "H": uniform(rng, HIDDEN, CONTEXT * FEATURES),
        "d": np.zeros(HIDDEN, np.float32),
        "U": uniform(rng, LETTERS, HIDDEN),
        "b": np.zeros(LETTERS, np.float32),
    }
    return parameters, {"x": x, "y": y}


def loss(ops: Any, p: Mapping[str, Any], data: Mapping[str, Any], index: Any) -> Any:
    features = ops.embedding(data["x"][index], p["C"]).reshape(BATCH, CONTEXT * FEATURES)
    hidden = ops.tanh(ops.linear(features, p["H"], p["d"]))
    return ops.cross_entropy(ops.linear(hidden, p["U"], p["b"]), data["y"][index])


WORKLOAD = Training(
    name="mlp",
    text="Bengio's network, context 3, embedding 10, hidden 200 tanh, batch 32, SGD 0.1",
    rate=0.1,
    loss=loss,
    arrays=arrays,
    # Both matrices: forward, gradient of the weights, gradient of the inputs.
    operations=BATCH * (CONTEXT * FEATURES * HIDDEN + HIDDEN * LETTERS) * 2.0 * 3,
    matrices=("H", "U"),
    batch=BATCH,
)
