"""The identities between losses, on random numbers."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradatim as g
from gradatim import nn
from gradatim.nn import functional as F

numbers = st.floats(-30, 30, width=32)
some = settings(deadline=None, derandomize=True, max_examples=40)


@st.composite
def logits_and_classes(draw):
    rows, classes = draw(st.integers(1, 6)), draw(st.integers(1, 7))
    flat = draw(st.lists(numbers, min_size=rows * classes, max_size=rows * classes))
    targets = draw(st.lists(st.integers(0, classes - 1), min_size=rows, max_size=rows))
    return g.tensor(flat, dtype=g.float64).reshape(rows, classes), g.tensor(targets)


@some
@given(logits_and_classes())
def test_cross_entropy_is_the_nll_of_log_softmax_and_the_soft_one_of_one_hot(case):
    x, y = case
    expected = F.nll_loss(F.log_softmax(x, 1), y, reduction="none")
    assert F.cross_entropy(x, y, reduction="none").tolist() == pytest.approx(expected.tolist())
    soft = F.cross_entropy(x, F.one_hot(y, x.shape[1]).double())
    assert soft.item() == pytest.approx(expected.mean().item(), abs=1e-12)


@some
@given(logits_and_classes())
def test_the_gradient_of_cross_entropy_is_softmax_minus_one_hot(case):
    x, y = case
    x.requires_grad_()
    F.cross_entropy(x, y, reduction="sum").backward()
    expected = F.softmax(x.detach(), 1) - F.one_hot(y, x.shape[1])
    np.testing.assert_allclose(x.grad.numpy(), expected.numpy(), atol=1e-12)


@some
@given(logits_and_classes())
def test_cross_entropy_is_entropy_plus_divergence(case):
    x, _ = case
    p = F.softmax(x.flip(1) / 10, 1)
    log_q = F.log_softmax(x, 1)
    divergence = F.kl_div(log_q, p, reduction="batchmean")
    assert divergence.item() >= -1e-12
    both = F.entropy(p, dim=1).mean() + divergence
    assert F.cross_entropy(x, p).item() == pytest.approx(both.item())


@some
@given(st.lists(numbers, min_size=2, max_size=9))
def test_softmax_rows_sum_to_one_and_ignore_a_common_shift(values):
    x = g.tensor(values, dtype=g.float64)
    p = F.softmax(x, 0)
    assert p.sum().item() == pytest.approx(1.0)
    assert F.softmax(x + 1000, 0).tolist() == pytest.approx(p.tolist(), abs=1e-9)


def test_logits_beyond_the_floats_lose_nothing():
    x = g.tensor([[1e30, 0.0, -1e30], [3e38, -3e38, 0.0]], requires_grad=True)
    losses = F.cross_entropy(x, g.tensor([0, 0]), reduction="none")
    assert losses.tolist() == [0.0, 0.0]
    losses.sum().backward()
    assert np.isfinite(x.grad.numpy()).all()


def test_masked_logits_are_impossible_and_nan_stays_in_its_row():
    x = g.tensor([[0.0, -math.inf], [math.nan, 0.0], [0.0, 0.0]])
    p = F.softmax(x, 1)
    assert p[0].tolist() == [1.0, 0.0]
    assert p[1].isnan().all()
    assert p[2].tolist() == [0.5, 0.5]
    losses = F.cross_entropy(x, g.tensor([1, 0, 0]), reduction="none").tolist()
    assert losses[0] == math.inf
    assert math.isnan(losses[1])
    assert losses[2] == pytest.approx(math.log(2))


def test_no_target_that_counts_means_nan_as_in_pytorch():
    assert math.isnan(F.cross_entropy(g.ones(2, 3), g.tensor([-100, -100])).item())
    total = F.cross_entropy(g.ones(2, 3), g.tensor([-100, -100]), reduction="sum")
    assert total.item() == 0.0


def test_many_rows_are_handled_in_blocks_with_the_same_result():
    x = (g.arange(20_000 * 27).reshape(-1, 27) * 7919 % 1009).double() / 100
    y = g.arange(20_000) % 27
    whole = F.cross_entropy(x, y, reduction="none")
    parts = [F.cross_entropy(x[i : i + 5], y[i : i + 5], reduction="none") for i in (0, 19_995)]
    assert whole[:5].tolist() == pytest.approx(parts[0].tolist())
    assert whole[-5:].tolist() == pytest.approx(parts[1].tolist())
    x.requires_grad_()
    F.cross_entropy(x, y).backward()
    expected = (F.softmax(x.detach(), 1) - F.one_hot(y, 27)) / 20_000
    np.testing.assert_allclose(x.grad.numpy(), expected.numpy(), atol=1e-15)


def test_a_vector_without_length_stays_and_has_a_finite_gradient():
    x = g.zeros(1, 3, requires_grad=True)
    y = F.normalize(x)
    assert y.tolist() == [[0.0, 0.0, 0.0]]
    y.sum().backward()
    assert np.isfinite(x.grad.numpy()).all()


def test_entropy_of_certainty_is_zero_and_of_an_even_row_log_n():
    p = g.tensor([[1.0, 0.0, 0.0, 0.0], [0.25] * 4])
    assert F.entropy(p).tolist() == pytest.approx([0.0, math.log(4)])
    assert F.entropy(p, dim=0).shape == (4,)


def test_kullback_leibler_is_not_symmetric():
    p, q = g.tensor([0.36, 0.48, 0.16]), g.tensor([1 / 3] * 3)
    there = F.kl_div(q.log(), p, reduction="sum").item()
    back = F.kl_div(p.log(), q, reduction="sum").item()
    assert there == pytest.approx(0.0852996, rel=1e-5)
    assert back == pytest.approx(0.097455, rel=1e-5)


def test_gaussian_likelihood_with_known_variance_is_least_squares():
    x, y = g.tensor([0.1, 2.0, -1.0]), g.tensor([0.0, 1.5, -3.0])
    s2 = 0.7
    nll = F.gaussian_nll_loss(x, y, s2, full=True, reduction="sum").item()
    squares = F.mse_loss(x, y, reduction="sum").item() / (2 * s2)
    assert nll - squares == pytest.approx(3 * math.log(math.sqrt(2 * math.pi * s2)))


def test_a_wrong_certainty_costs_a_hundred_not_infinity():
    p = g.tensor([0.0, 1.0], requires_grad=True)
    loss = F.binary_cross_entropy(p, g.tensor([1.0, 0.0]), reduction="none")
    assert loss.tolist() == [100.0, 100.0]
    loss.sum().backward()
    assert np.isfinite(p.grad.numpy()).all()


def test_ignored_rows_have_no_gradient():
    x = g.randn(3, 4, generator=g.Generator().manual_seed(0)).requires_grad_()
    F.cross_entropy(x, g.tensor([1, -100, 2])).backward()
    assert x.grad[1].tolist() == [0.0] * 4
    assert x.grad[0].tolist() != [0.0] * 4


def test_the_padding_row_of_an_embedding_begins_zero_and_stays():
    table = nn.Embedding(4, 2, padding_idx=-1)
    assert table.weight[3].tolist() == [0.0, 0.0]
    table(g.tensor([0, 3, 3])).sum().backward()
    assert table.weight.grad[3].tolist() == [0.0, 0.0]
    assert table.weight.grad[0].tolist() == [1.0, 1.0]


def test_an_embedding_from_given_rows_is_frozen_unless_told():
    rows = g.tensor([[1.0, 2.0], [3.0, 4.0]])
    table = nn.Embedding.from_pretrained(rows)
    assert table(g.tensor(1)).tolist() == [3.0, 4.0]
    assert not table.weight.requires_grad
    assert nn.Embedding.from_pretrained(rows, freeze=False).weight.requires_grad


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(
    "more", [{}, {"weight": g.tensor([1.0, 2.0, 3.0])}, {"label_smoothing": 0.1}], ids=str
)
def test_a_batch_whose_targets_are_all_ignored_moves_nothing(more, compiled):
    def both(x, target):
        loss = F.cross_entropy(x, target, **more)
        return loss, g.autograd.grad(loss, x)[0]

    run = g.compile(both) if compiled else both
    loss, slope = run(g.ones(2, 3, requires_grad=True), g.tensor([-100, -100]))
    assert loss.isnan()
    assert slope.tolist() == [[0.0] * 3] * 2
