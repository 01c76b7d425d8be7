"""Rows looked up in a table: what is done once for the table, and that the numbers stay."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradatim as g
from gradatim.compiler.ir.graph import Graph
from gradatim.compiler.ir.verify import verify
from gradatim.compiler.passes.order import optimise
from gradatim.compiler.trace.trace import trace
from gradatim.nn import functional as F

Step = Callable[[g.Tensor, g.Tensor, g.Tensor], g.Tensor]


def gradient(loss: Step) -> Step:
    def step(table: g.Tensor, x: g.Tensor, y: g.Tensor) -> g.Tensor:
        table = table.detach().requires_grad_()
        return g.autograd.grad(loss(table, x, y), table)[0]

    return step


def nll_by_hand(table: g.Tensor, x: g.Tensor, y: g.Tensor) -> g.Tensor:
    return -F.log_softmax(table[x], 1)[g.arange(len(x)), y].mean()


def two_targets(table: g.Tensor, x: g.Tensor, y: g.Tensor) -> g.Tensor:
    """The same rows, in two columns."""
    rows = table[x]
    return F.cross_entropy(rows, y) + F.cross_entropy(rows, x, reduction="sum")


LOSSES: dict[str, Step] = {
    "mean": lambda w, x, y: F.cross_entropy(w[x], y),
    "sum": lambda w, x, y: F.cross_entropy(w[x], y, reduction="sum"),
    "embedding": lambda w, x, y: F.cross_entropy(F.embedding(x, w), y),
    "of several texts": lambda w, x, y: F.cross_entropy(w[x.view(2, -1)].view(len(x), -1), y),
    "of several embedded": lambda w, x, y: F.cross_entropy(
        F.embedding(x.view(2, -1), w).view(-1, w.shape[1]), y
    ),
    "of classes that weigh": lambda w, x, y: F.cross_entropy(
        w[x], y, weight=g.linspace(0.5, 2, w.shape[1], dtype=w.dtype)
    ),
    "smoothed": lambda w, x, y: F.cross_entropy(w[x], y, label_smoothing=0.1),
    "of logarithms": lambda w, x, y: F.nll_loss(F.log_softmax(w[x], 1), y),
    "by hand": nll_by_hand,
    "each scaled": lambda w, x, y: (
        F.cross_entropy(w[x], y, reduction="none") * (x + 1).to(w.dtype)
    ).sum(),
    "rows by a factor": lambda w, x, y: (w[x] * y.to(w.dtype)[:, None]).sum(),
    "rows over a factor": lambda w, x, y: (w.exp()[x] / (y + 1).to(w.dtype)[:, None]).sum(),
    "squares": lambda w, x, y: ((w[x] - y.to(w.dtype)[:, None]) ** 2).mean(),
    "two targets": two_targets,
    "two losses": lambda w, x, y: F.cross_entropy(w[x], y) - 0.5 * F.cross_entropy(w[y], x),
}


def arrays(rows: int, pairs: int, seed: int) -> tuple[g.Tensor, g.Tensor, g.Tensor]:
    random = np.random.default_rng(seed)
    table = g.tensor(random.normal(size=(rows, rows)))
    x, y = (g.tensor(random.integers(0, rows, pairs)) for _ in range(2))
    return table, x, y


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize(("rows", "pairs"), [(1, 6), (5, 40), (17, 6)])
def test_gradients_of_looked_up_rows_are_those_of_eager(name: str, rows: int, pairs: int) -> None:
    table, x, y = arrays(rows, pairs, seed=rows)
    step = gradient(LOSSES[name])
    expected = step(table, x, y).numpy()
    np.testing.assert_allclose(g.compile(step)(table, x, y).numpy(), expected, 1e-12, 1e-14)


def after_passes(step: Step, rows: int = 7, pairs: int = 40) -> Graph:
    return verify(optimise(trace(step, list(arrays(rows, pairs, 0))).graph))


COUNTED = [
    *("mean", "sum", "embedding", "of several texts", "of several embedded"),
    *("each scaled", "rows by a factor"),
]


@pytest.mark.parametrize("name", COUNTED)
def test_rows_that_are_added_where_they_were_looked_up_are_counted(name: str) -> None:
    graph = after_passes(gradient(LOSSES[name]))
    added = [e.inputs[2].shape for e in graph.equations if e.name == "put"]
    assert added == [(40,)]  # one number for each pair, in one table


@pytest.mark.parametrize("name", ["smoothed", "squares", "by hand"])
def test_small_differences_are_added_up_as_they_are(name: str) -> None:
    graph = after_passes(gradient(LOSSES[name]))
    assert (40, 7) in [e.inputs[2].shape for e in graph.equations if e.name == "put"]


def test_few_places_are_no_reason_to_work_on_the_table() -> None:
    graph = after_passes(gradient(LOSSES["mean"]), rows=50)
    assert [e.inputs[2].shape for e in graph.equations if e.name == "put"] == [(40, 50)]


def test_numbers_of_rows_that_nobody_looks_up_do_not_matter() -> None:
    table, x, y = arrays(5, 40, 1)
    table[3] = float("nan")
    table[4, 0] = float("inf")
    x, y = x % 3, y % 5
    step = gradient(LOSSES["mean"])
    found = g.compile(step)(table, x, y).numpy()
    np.testing.assert_allclose(found, step(table, x, y).numpy(), 1e-12)
    assert not found[3:].any()


def test_a_row_that_is_looked_up_tells_that_it_is_nan() -> None:
    table, x, y = arrays(5, 40, 1)
    table[3, 2] = float("nan")
    found = g.compile(gradient(LOSSES["mean"]))(table, x, y).numpy()
    assert np.isnan(found).all(1).tolist() == [False, False, False, True, False]


def test_places_may_count_from_the_end_and_targets_be_left_out() -> None:
    table, x, y = arrays(6, 50, 2)
    x[::3] -= 6
    y[::4] = -100
    step = gradient(LOSSES["mean"])
    np.testing.assert_allclose(
        g.compile(step)(table, x, y).numpy(), step(table, x, y).numpy(), 1e-12
    )


@pytest.mark.parametrize(("which", "text"), [(1, "index 6 is out of"), (2, "target 6 is out of")])
def test_what_lies_outside_is_refused(which: int, text: str) -> None:
    given: list[Any] = [*arrays(6, 50, 2)]
    given[which][7] = 6
    with pytest.raises(IndexError, match=text):
        g.compile(gradient(LOSSES["mean"]))(*given)


@pytest.mark.parametrize("index", [-1, 6])
@pytest.mark.parametrize("name", ["embedding", "of several embedded"])
def test_embeddings_do_not_count_from_the_end(name: str, index: int) -> None:
    table, x, y = arrays(6, 50, 2)
    x[7] = index
    with pytest.raises(IndexError, match=f"embedding: index {index} is out of range"):
        g.compile(gradient(LOSSES[name]))(table, x, y)


def test_what_is_made_of_embedded_rows_refuses_the_same() -> None:
    table, x, _ = arrays(3, 7, 0)
    x[3] = -1
    with pytest.raises(IndexError, match="embedding: index -1 is out of range: the table has 3"):
        g.compile(lambda w, x: F.embedding(x, w).sum(1))(table, x)


def test_equal_weights_are_counted_exactly() -> None:
    pairs = 300_000
    table = g.zeros(3, 2)
    x, y = g.zeros(pairs, dtype=g.int64), g.zeros(pairs, dtype=g.int64)
    found = g.compile(gradient(LOSSES["mean"]))(table, x, y).numpy()
    expected = np.array([[-0.5, 0.5], [0, 0], [0, 0]], np.float32)
    np.testing.assert_allclose(found, expected, rtol=2e-7)
