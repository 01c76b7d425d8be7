"""Gradients through compiled layers, losses and models, as through the same ones in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradatim as g
from gradatim import nn
from gradatim.models import gpt
from gradatim.nn import functional as F
from tests.nn.test_layers import NAMES, draws
from tests.reference.layer_cases import Run, given, made, runs, weighted

NEAR = {"float32": 2e-5, "float64": 1e-12}


def same(ours: Any, theirs: Any, dtype: str, what: Any = "") -> None:
    a, b = ours.detach().numpy(), theirs.detach().numpy()
    assert a.dtype == b.dtype
    size = np.abs(b[np.isfinite(b)]).max(initial=1)
    np.testing.assert_allclose(a, b, NEAR[dtype], NEAR[dtype] * size, err_msg=str(what))


def layers(count: int) -> list[Any]:
    """Layers without chance, some together: their dtypes and layouts take turns."""
    every = [run for family in ("activations", "norms", "blocks") for run in runs(family)]
    alone = [run for run in every if run.strided == (run.dtype == "float64") and not draws(run)]
    pieces = [alone[i % 3 :: 3][i : i + count] for i in range(0, len(alone) // 3, count)]
    return [pytest.param(piece, id=f"from {i * count}") for i, piece in enumerate(pieces)]


@pytest.mark.slow
@pytest.mark.parametrize("pieces", layers(16))
def test_layers(pieces: list[Run]) -> None:
    ours, theirs = ([made(run, g, NAMES) for run in pieces] for _ in range(2))
    a, b = ([given(run, g).requires_grad_() for run in pieces] for _ in range(2))

    def together(layers: list[Any], xs: list[Any]) -> list[Any]:
        return [
            layer(x * 1 if "inplace" in run.layer.expression else x)
            for run, layer, x in zip(pieces, layers, xs, strict=True)
        ]

    found, wanted = g.compile(lambda xs: together(ours, xs))(a), together(theirs, b)
    for outs in (found, wanted):
        sum(weighted(out, run, g) for out, run in zip(outs, pieces, strict=True)).backward()
    for i, run in enumerate(pieces):
        same(found[i], wanted[i], run.dtype, run)
        same(a[i].grad, b[i].grad, run.dtype, f"by input: {run}")
        if isinstance(ours[i], nn.Module):
            for x, y in zip(ours[i].parameters(), theirs[i].parameters(), strict=True):
                same(x.grad, y.grad, run.dtype, f"by a parameter: {run}")
            for x, y in zip(ours[i].buffers(), theirs[i].buffers(), strict=True):
                np.testing.assert_allclose(x.numpy(), y.numpy(), 1e-6)


LOSSES = {
    "cross_entropy": lambda x, y, i: F.cross_entropy(x, i, label_smoothing=0.1),
    "nll": lambda x, y, i: F.nll_loss(x.log_softmax(1), i),
    "mse": lambda x, y, i: F.mse_loss(x, y),
    "huber": lambda x, y, i: F.huber_loss(x, y),
    "l1": lambda x, y, i: F.l1_loss(x, y),
    "kl": lambda x, y, i: F.kl_div(x.log_softmax(1), y.softmax(1), reduction="batchmean"),
    "bce": lambda x, y, i: F.binary_cross_entropy_with_logits(x, y.sigmoid()),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_losses(dtype: str) -> None:
    g.manual_seed(0)
    x, y = (g.randn(6, 5, dtype=getattr(g, dtype), requires_grad=True) for _ in range(2))
    i = g.arange(6) % 5
    ours = g.compile(lambda x, y, i: [loss(x, y, i) for loss in LOSSES.values()])(x, y, i)
    for mine, (name, loss) in zip(ours, LOSSES.items(), strict=True):
        theirs = loss(x, y, i)
        a, b = (g.autograd.grad(v, [x, y], None, True, allow_unused=True) for v in (mine, theirs))
        same(mine, theirs, dtype, name)
        for d, e in zip(a, b, strict=True):
            assert (d is None) is (e is None), name
            if d is not None:
                same(d, e, dtype, name)


@pytest.mark.parametrize(("dtype", "tied"), [("float32", True), ("float64", False)])
def test_a_transformer_with_dropout(dtype: str, tied: bool) -> None:
    g.manual_seed(0)
    config = gpt.Config(block_size=8, n_layer=2, n_embd=16, dropout=0.1, tied=tied)
    model = gpt.GPT(config).to(getattr(g, dtype))
    compiled = g.compile(model)
    x = g.randint(0, 27, (4, 8))

    def run(model: Any) -> list[Any]:
        g.manual_seed(5)
        results = [model(x, x.roll(-k, 1)) for k in (1, 2)]
        model.zero_grad()
        (results[1][1] + results[0][1] * 2 + results[0][0].square().mean()).backward()
        return [*results[0], *results[1], *(p.grad for p in model.parameters())]

    for ours, theirs in zip(run(compiled), run(model), strict=True):
        same(ours, theirs, dtype)
