"""A GPT on rows of letters: pre-norm blocks, causal multi-head attention, AdamW.

activation        GELU with tanh
final activation  softmax, within the loss
loss              mean cross-entropy over all letters of the batch
attention         one matrix for queries, keys and values; no dropout
head              its own matrix, without bias
optimiser         AdamW, rate 0.001, betas 0.9 and 0.999, weight decay 0.01 on everything
batch             rows drawn with replacement within the step; JAX is given their indices
dtype             float32; indices in the library's own integer (JAX int32, the others int64)

`gpt-names`  first names: 4 layers, 4 heads, 64 wide, context 16, batch 32
`gpt-text`   the help texts that Python carries with it: 4 layers, 4 heads, 128 wide, context 64,
             batch 12; everybody gets the same ones, those of the Python that runs the harness
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..workload import AdamW, Arrays, Training, normal

MATRICES = ("qkv", "projection", "fc", "out")


@dataclass(frozen=True)
class Sizes:
    """The sizes that distinguish GPTs."""

    layers: int
    heads: int
    width: int
    context: int
    batch: int
    letters: int

    @property
    def operations(self) -> float:
        """The arithmetic of all products, forward and twice that backward; attention below the
        diagonal only."""
        tokens = self.batch * self.context
        weights = self.layers * 12 * self.width**2 + self.width * self.letters
        attention = self.layers * 2 * self.width * (self.context + 1) / 2
        return 6.0 * tokens * (weights + attention)


def letters_of_names() -> str:
    from gradatim.data import names

    return "".join(word + "." for word in names.load().words)


def letters_of_text() -> str:
    from pydoc_data.topics import topics

    return "\n\n".join(topics.values())


def arrays(sizes: Sizes, letters: Any) -> tuple[Arrays, Arrays]:
    text: str = letters()
    _, codes, counts = np.unique(list(text), return_inverse=True, return_counts=True)
    places = np.empty(len(counts), np.int64)
    places[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    codes = np.minimum(places[codes], sizes.letters - 1)  # the rarest letters share a number
    rows = (len(codes) - 1) // sizes.context
    first = codes[: rows * sizes.context].reshape(rows, sizes.context)
    after = codes[1 : rows * sizes.context + 1].reshape(rows, sizes.context)
    return parameters(sizes, np.random.default_rng(7)), {"x": first, "y": after}


def parameters(sizes: Sizes, rng: np.random.Generator) -> Arrays:
    """Weights of standard deviation 0.02, biases 0, scales 1."""
    width = sizes.width
    weights: Arrays = {
        "tokens": 0.02 * normal(rng, sizes.letters, width),
        "places": 0.02 * normal(rng, sizes.context, width),
    }
    shapes = ((3 * width, width), (width, width), (4 * width, width), (width, 4 * width))
    for layer in range(sizes.layers):
        for name, shape in zip(MATRICES, shapes, strict=True):
            weights[f"{layer}.{name}"] = 0.02 * normal(rng, *shape)
            weights[f"{layer}.{name}.bias"] = np.zeros(shape[0], np.float32)
        for name in ("norm1", "norm2"):
            weights.update(_norm(f"{layer}.{name}", width))
    weights.update(_norm("norm", width))
    weights["head"] = 0.02 * normal(rng, sizes.letters, width)
    return weights


def _norm(name: str, width: int) -> Arrays:
    return {name: np.ones(width, np.float32), f"{name}.bias": np.zeros(width, np.float32)}


def loss(sizes: Sizes, ops: Any, p: Mapping[str, Any], data: Mapping[str, Any], index: Any) -> Any:
    x, y = data["x"][index], data["y"][index]
    h = ops.embedding(x, p["tokens"]) + p["places"]
    for layer in range(sizes.layers):
        h = block(sizes, ops, p, f"{layer}.", h)
    h = ops.layer_norm(h, p["norm"], p["norm.bias"])
    logits = ops.linear(h, p["head"], None)
    return ops.cross_entropy(logits.reshape(-1, sizes.letters), y.reshape(-1))


def block(sizes: Sizes, ops: Any, p: Mapping[str, Any], layer: str, h: Any) -> Any:
    heads = (sizes.batch, sizes.context, sizes.heads, sizes.width // sizes.heads)
    tokens = (sizes.batch, sizes.context, sizes.width)

    def linear(x: Any, name: str) -> Any:
        return ops.linear(x, p[layer + name], p[f"{layer}{name}.bias"])

    def norm(x: Any, name: str) -> Any:
        return ops.layer_norm(x, p[layer + name], p[f"{layer}{name}.bias"])

    qkv = ops.chunks(linear(norm(h, "norm1"), "qkv"), 3)
    mixed = ops.causal_attention(*[part.reshape(heads) for part in qkv])
    h = h + linear(mixed.reshape(tokens), "projection")
    return h + linear(ops.gelu(linear(norm(h, "norm2"), "fc")), "out")


def workload(name: str, text: str, sizes: Sizes, letters: Any) -> Training:
    matrices = [f"{layer}.{name}" for layer in range(sizes.layers) for name in MATRICES]
    return Training(
        name=name,
        text=f"{text}: {sizes.layers} layers, {sizes.heads} heads, {sizes.width} wide, context "
        f"{sizes.context}, batch {sizes.batch}, {sizes.letters} letters, AdamW 0.001",
        rate=0.001,
        loss=partial(loss, sizes),
        arrays=partial(arrays, sizes, letters),
        operations=sizes.operations,
        matrices=(*matrices, "head"),
        batch=sizes.batch,
        together=10,
        compared_steps=10,
        optimizer=AdamW(),
    )


NAMES = Sizes(layers=4, heads=4, width=64, context=16, batch=32, letters=27)
TEXT = Sizes(layers=4, heads=4, width=128, context=64, batch=12, letters=96)
WORKLOADS = (
    workload("gpt-names", "a GPT on first names", NAMES, letters_of_names),
    workload("gpt-text", "a GPT on Python's help texts", TEXT, letters_of_text),
)
