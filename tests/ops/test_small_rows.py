"""Few rows of logits take a shorter way: as exact as the long one, up to where it ends."""

import numpy as np
import pytest

import gradatim as g
import gradatim.nn.functional as F


@pytest.mark.parametrize("spread", [0.0, 1.0, 30.0, 54.7, 54.8, 60.0, 120.0, 1000.0])
@pytest.mark.parametrize("rows", [1, 4, 400])
def test_cross_entropy_is_exact_however_far_apart_the_logits_are(rows: int, spread: float) -> None:
    x = np.zeros((rows, 27), np.float64)
    x[:, 3], x[:, 5] = -spread / 2**0.5, spread / 2**0.5  # with one row, its norm is the spread
    target = np.arange(rows) % 27
    target[0] = 3
    logits = g.tensor(x.astype(np.float32), requires_grad=True)
    loss = F.cross_entropy(logits, g.tensor(target), reduction="none")
    loss.sum().backward()
    x = x.astype(np.float32).astype(np.float64)
    shifted = x - x.max(1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    expected = np.exp(log_p)
    np.testing.assert_allclose(g.softmax(logits, 1).numpy(force=True), expected, 1e-5, 1e-38)
    expected[np.arange(rows), target] -= 1
    np.testing.assert_allclose(loss.numpy(force=True), -log_p[np.arange(rows), target], 1e-6, 1e-7)
    np.testing.assert_allclose(logits.grad.numpy(), expected, 1e-5, 1e-6)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_a_bad_number_stays_in_its_row(bad: float) -> None:
    x = g.zeros(3, 5)
    x[1, 2] = bad
    losses = F.cross_entropy(x, g.tensor([0, 0, 0]), reduction="none")
    assert losses[0].isfinite()
    assert losses[2].isfinite()
    assert losses[1].isfinite() == (bad == float("-inf"))


def test_no_targets_that_count_have_no_mean() -> None:
    loss = F.cross_entropy(g.zeros(2, 3), g.tensor([-100, -100]))
    assert loss.shape == ()
    assert loss.isnan()
    assert F.cross_entropy(g.zeros(0, 3), g.zeros(0, dtype=g.int64)).isnan()


@pytest.mark.parametrize("width", [1, 3, 600])  # in columns; numbers at kept places; counted ones
def test_rows_are_added_from_the_front_and_from_the_end(width: int) -> None:
    values = np.arange(5 * width, dtype=np.float32).reshape(5, width)
    index = [0, 27, 3, -1, 27]
    table = g.zeros(28, width).index_add(0, g.tensor(index), g.tensor(values))
    expected = np.zeros((28, width), np.float32)
    for i, row in zip(index, values, strict=True):
        expected[i] += row
    assert np.array_equal(table.numpy(), expected)
