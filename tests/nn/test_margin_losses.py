"""Losses with a margin: what they refuse, and that compiled steps have them."""

import re

import pytest

import gradatim as g
from gradatim import nn
from gradatim.nn import functional as F

X, Y = g.ones(3, 4), g.tensor([0, 1, 2])

REFUSED = {
    "margin_ranking_loss: inputs and target must have equally many dimensions, got shapes [4], "
    "[4] and []": lambda: F.margin_ranking_loss(g.ones(4), g.ones(4), g.tensor(1.0)),
    "cosine_embedding_loss: takes rows (N, D) with a target (N,), or vectors (D,) with a number; "
    "got inputs [3, 4] and [3, 4], target [3, 1]": lambda: F.cosine_embedding_loss(
        X, X, Y.unsqueeze(1)
    ),
    "triplet_margin_loss: anchor, positive and negative must have equally many dim": lambda: (
        F.triplet_margin_loss(X, X, X[0])
    ),
    "triplet_margin_loss: margin must be greater than 0, got -1": lambda: F.triplet_margin_loss(
        X, X, X, -1
    ),
    "TripletMarginLoss: margin must be greater than 0, got 0": lambda: nn.TripletMarginLoss(0),
    "TripletMarginWithDistanceLoss: margin must be greater than 0": lambda: (
        nn.TripletMarginWithDistanceLoss(margin=-2)
    ),
    "multi_margin_loss: p must be 1 or 2, got 3": lambda: F.multi_margin_loss(X, Y, 3),
    "MultiMarginLoss: p must be 1 or 2, got 0": lambda: nn.MultiMarginLoss(0),
    "multi_margin_loss: takes scores (N, C) or (C,) and classes for them, got input [3, 4] and "
    "target [2]": lambda: F.multi_margin_loss(X, Y[:2]),
    "multi_margin_loss: target must hold classes as integers, got gradatim.float32": lambda: (
        F.multi_margin_loss(X, Y.float())
    ),
    "multilabel_margin_loss: takes scores (N, C) or (C,)": lambda: F.multilabel_margin_loss(X, Y),
    "soft_margin_loss: input has shape [3, 4] and target [4]": lambda: F.soft_margin_loss(X, X[0]),
    "pdist: takes rows of points, (N, D), got shape [4]": lambda: F.pdist(X[0]),
    "pdist: p must be 0 or more, got -1.0": lambda: F.pdist(X, -1.0),
    "multi_margin_loss: weight must have one number for each of the 4 classes, got shape "
    "[3]": lambda: F.multi_margin_loss(X, g.tensor([0, 1, 2]), weight=g.ones(3)),
    "soft_margin_loss: median is not a valid value for reduction": lambda: F.soft_margin_loss(
        X, X, reduction="median"
    ),
}


@pytest.mark.parametrize("says", REFUSED)
def test_what_does_not_fit_is_refused(says):
    with pytest.raises((ValueError, RuntimeError, TypeError), match=re.escape(says)):
        REFUSED[says]()


LOSSES = {
    "margin_ranking": lambda x: F.margin_ranking_loss(x[0], x[1], x[2].sign()),
    "hinge_embedding": lambda x: F.hinge_embedding_loss(x, x.detach().flip(0).sign()),
    "cosine_embedding": lambda x: F.cosine_embedding_loss(x, x.flip(1), g.tensor([1, -1, 1])),
    "triplet": lambda x: F.triplet_margin_loss(x, x.flip(0), x.flip(1), swap=True),
    "multi_margin": lambda x: F.multi_margin_loss(x, Y, 2),
    "multilabel_margin": lambda x: F.multilabel_margin_loss(
        x, g.tensor([[3, 0, -1, 1], [1, -1, 0, 0], [2, 1, 0, -1]])
    ),
    "soft_margin": lambda x: F.soft_margin_loss(x, x.detach().flip(0).sign()),
    "poisson": lambda x: F.poisson_nll_loss(x, x.detach().exp(), full=True),
    "pdist": lambda x: F.pdist(x).sum(),
    "gumbel_softmax": lambda x: (F.gumbel_softmax(x, 0.5, hard=True) * x).sum(),
}


@pytest.mark.parametrize("name", LOSSES)
def test_compiled_steps_have_them(name):
    def step():
        x.grad = None
        loss = LOSSES[name](x)
        loss.backward()
        return loss

    seen = []
    for function in (step, g.compile(step)):
        g.manual_seed(3)
        x = g.randn(3, 4, requires_grad=True)
        seen.append((function(), x.grad))
    for ours, compiled in zip(*seen, strict=True):
        assert g.allclose(ours, compiled, atol=1e-6)


def test_gumbel_softmax_draws_classes_by_their_probability():
    g.manual_seed(0)
    p = g.tensor([0.1, 0.2, 0.7])
    draws = F.gumbel_softmax(p.log().expand(20_000, 3), hard=True)
    assert g.equal(draws.sum(1), g.ones(20_000))
    assert g.allclose(draws.mean(0), p, atol=0.01)


def test_large_and_missing_numbers_where_we_mean_to_differ_from_pytorch():
    assert F.soft_margin_loss(g.tensor([-200.0, 1.0]), g.ones(2)).item() == pytest.approx(
        100.16, 1e-4
    )
    assert F.multi_margin_loss(g.tensor([[g.nan, 1.0, 2.0]]), g.tensor([1])).isnan()
