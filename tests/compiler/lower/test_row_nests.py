"""Work on rows in machine code: of all lengths, in registers and in passes, one or several."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradatim as g
import gradatim.nn.functional as F
from gradatim.compiler.passes.order import optimise
from gradatim.compiler.trace.trace import trace
from gradatim.core.errors import IndexOutOfRange
from tests.compiler.running import compiled

# Rows and columns: a vector and less, whole ones and one more, as many as registers hold, too many.
SIZES = [(1, 5), (2, 17), (3, 40), (9, 64), (7, 70), (6, 100), (11, 128), (5, 129), (70, 16)]


def _inputs(dtype: str) -> list[Any]:
    random = np.random.default_rng(5)
    return [g.from_numpy(random.standard_normal(size).astype(dtype)) for size in SIZES]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_of_every_length_give_what_numpy_gives(dtype: str) -> None:
    def work(*arrays: Any) -> list[Any]:
        found = []
        for x in arrays:
            centred = x - x.mean(1, keepdim=True)
            scaled = centred / (centred * centred).mean(1, keepdim=True).sqrt()
            p = x.softmax(1)
            found += [scaled, p, (p * scaled).sum(0), p.log().sum(), scaled.amax(1)]
        return found

    def expected(x: np.ndarray[Any, Any]) -> list[Any]:
        centred = x - x.mean(1, keepdims=True)
        scaled = centred / np.sqrt((centred * centred).mean(1, keepdims=True))
        e = np.exp(x - x.max(1, keepdims=True))
        p = e / e.sum(1, keepdims=True)
        return [scaled, p, (p * scaled).sum(0), np.log(p).sum(), scaled.max(1)]

    inputs = _inputs(dtype)
    found = compiled(work, *inputs)
    wanted = [a for x in inputs for a in expected(x.numpy().astype(np.float64))]
    close = 1e-5 if dtype == "float32" else 1e-13
    for value, exact in zip(found, wanted, strict=True):
        np.testing.assert_allclose(value.numpy(), exact, rtol=close, atol=close)


def test_a_row_gives_the_same_bits_wherever_it_stands() -> None:
    """Of rows that are worked on several at once, the last ones are left over."""

    def work(*arrays: Any) -> list[Any]:
        return [
            f(x) for x in arrays for f in (lambda x: x.softmax(1), lambda x: x - x.mean(1)[:, None])
        ]

    same = [x[:1].expand(7, -1).contiguous() for x in _inputs("float32")]
    for value in compiled(work, *same):
        assert (value.numpy() == value.numpy()[0]).all()


def test_nan_in_one_row_stays_there() -> None:
    x = g.randn(7, 70)
    x[3, 60] = float("nan")
    (found,) = compiled(lambda x: [x.softmax(1)], x)
    assert np.isnan(found.numpy()).all(1).tolist() == [r == 3 for r in range(7)]


@pytest.mark.parametrize("columns", [1, 3, 16, 27, 70])
def test_rows_are_added_up_at_places_of_a_table(columns: int) -> None:
    random = np.random.default_rng(3)
    places = g.from_numpy(random.integers(0, 9, 3000))
    rows = g.from_numpy(random.standard_normal((3000, columns)).astype(np.float32))
    (found,) = compiled(lambda i, x: [g.zeros(9, columns).index_add(0, i, x * 2)], places, rows)
    exact = np.zeros((9, columns))
    np.add.at(exact, places.numpy(), 2.0 * rows.numpy())
    np.testing.assert_allclose(found.numpy(), exact, atol=1e-4)


def test_a_loss_of_rows_of_a_table_reads_one_element_of_each() -> None:
    random = np.random.default_rng(4)
    table = random.standard_normal((27, 27)).astype(np.float32)
    x, y = random.integers(-27, 27, 300), random.integers(0, 27, 300)

    def loss(w: Any, x: Any, y: Any) -> Any:
        return F.cross_entropy(w[x], y)

    given = [g.from_numpy(a) for a in (table, x, y)]
    graph = optimise(trace(loss, given).graph)
    assert max(v.size for e in graph.equations for v in e.outputs if e.name == "take") == 300
    wide = table.astype(np.float64)
    logits = np.log(np.exp(wide).sum(1)) - wide.T
    assert compiled(loss, *given).item() == pytest.approx(logits[y, x].mean(), rel=1e-6)
    with pytest.raises(IndexOutOfRange, match="27"):
        compiled(loss, given[0], g.full((300,), 27), given[2])
    with pytest.raises(IndexOutOfRange, match="target 27 is out of range: there are 27 classes"):
        compiled(loss, given[0], given[1], g.full((300,), 27))


@pytest.mark.parametrize(("size", "asked"), [(4096, 1), (16, 0)])
def test_memory_that_is_written_over_is_asked_for_to_be_written(size: int, asked: int) -> None:
    w, slope = g.randn(size), g.randn(size)

    def update() -> None:
        w.sub_(0.1 * slope.tanh())

    text = str(g.compile(update).explain(stage="llvm", target="x86-64-v3"))
    assert ("@llvm.prefetch.p0(ptr" in text and ", i32 1, i32 3, i32 1)" in text) == bool(asked)
