"""The table's cases of attention weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.case import Case, numbers, truths

SHAPES = ((3, 4), (2, 3, 3), (5,), (0, 4), (2, 0))
CAUSAL = np.broadcast_to(np.tri(3, dtype=bool), (2, 3, 3))
SOME = np.array([[True, False, True], [False, False, False], [False, True, False]])  # one row: none


def _masked_softmax(x: Any, mask: Any, *, scale: float) -> Any:
    rows = [_weights(row, seen, scale) for row, seen in zip(_rows(x), _rows(mask), strict=True)]
    return np.array(rows, float).reshape(x.shape)


def _scaled_softmax(x: Any, *, scale: float) -> Any:
    return _masked_softmax(x, np.ones(x.shape, bool), scale=scale)


def _rows(x: Any) -> Any:
    return x.reshape(-1, x.shape[-1]) if x.size else []


def _weights(row: Any, seen: Any, scale: float) -> Any:
    if not seen.any():
        return np.zeros(len(row))
    e = np.array([np.exp(scale * (s - row[seen].max())) if ok else 0.0
                  for s, ok in zip(row, seen, strict=True)])  # fmt: skip
    return e / e.sum()


def _back(g: Any, p: Any, *, scale: float) -> Any:
    return scale * p * (g - (p * g).sum(-1, keepdims=True))


def _attention(q: Any, k: Any, v: Any, mask: Any = None, *, scale: float) -> tuple[Any, Any]:
    scores = q @ k.swapaxes(-1, -2)
    seen = np.broadcast_to(True if mask is None else mask, scores.shape)
    weights = _masked_softmax(scores, seen, scale=scale)
    return weights @ v, weights


def _attention_back(g: Any, q: Any, k: Any, v: Any, weights: Any, *, scale: float) -> Any:
    slope = _back(g @ v.swapaxes(-1, -2), weights, scale=scale)
    return slope @ k, slope.swapaxes(-1, -2) @ q, weights.swapaxes(-1, -2) @ g


def _qkv(lead: tuple[int, ...], L: int, S: int, E: int, D: int) -> tuple[Any, Any, Any]:
    return tuple(numbers((*lead, *s), seed=i) for i, s in enumerate(((L, E), (S, E), (S, D))))


SIZES = (((), 3, 4, 2, 5), ((2,), 3, 3, 2, 2), ((2, 1), 2, 3, 1, 2), ((0,), 2, 2, 1, 1),
         ((2,), 0, 3, 2, 2), ((2,), 2, 0, 2, 1))  # fmt: skip
WHOLE = [
    Case(name, inputs, expected, {"scale": 0.7}, tolerance=1e-11)
    for sizes in SIZES
    for lead, L, S, _, D in (sizes,)
    for name, inputs, expected in (
        ("attention", _qkv(*sizes), _attention),
        ("masked_attention", (*_qkv(*sizes), truths((L, S))), _attention),
        ("masked_attention", (*_qkv(*sizes), truths((*lead, 1, S))), _attention),
        (
            "attention_back",
            (numbers((*lead, L, D), seed=3), *_qkv(*sizes), numbers((*lead, L, S), 0, 1, 4)),
            _attention_back,
        ),
    )
]

ATTENTION: list[Case] = [
    *WHOLE,
    *[
        Case("masked_softmax", (numbers(shape), mask), _masked_softmax, {"scale": scale})
        for shape, mask, scale in (
            *((s, truths(s), 0.5) for s in SHAPES),
            ((2, 3, 3), CAUSAL, 1.0),
            ((3, 3), SOME, 2.0),
        )
    ],
    # So far apart that e^x would overflow, and the largest is not seen.
    Case(
        "masked_softmax",
        (np.array([[3000.0, 800.0, 0.0]]), np.array([[False, True, True]])),
        lambda *_, **__: np.array([[0.0, 1.0, 0.0]]),
        {"scale": 1.0},
    ),
    *[
        Case("scaled_softmax", (numbers(s),), _scaled_softmax, {"scale": scale})
        for s in SHAPES
        for scale in (1.0, 0.5)
    ],
    *[
        Case("softmax_rows_back", (numbers(s), numbers(s, 0, 1, 4)), _back, {"scale": scale})
        for s in SHAPES
        for scale in (1.0, 0.5)
    ],
]
