"""Batches along the lanes: which matrices are transposed, and that nothing else changes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradatim as g
from gradatim.compiler.ir.verify import verify
from gradatim.compiler.passes.batch_in_lanes import batch_in_lanes
from gradatim.nn import functional as F
from tests.compiler.passes.test_passes import assert_prints, traced


def test_what_a_ragged_product_leads_to_is_transposed() -> None:
    graph = traced(lambda x, w: (x @ w.T).tanh().sum(1), (32, 30), (27, 30))
    assert_prints(
        batch_in_lanes(graph),
        """
        in   a:float32[32,30]
        in   b:float32[27,30]
             c:float32[30,27] = permute[order=(1, 0)] b
             d:float32[30,32] = permute[order=(1, 0)] a
             e:float32[27,32] = matmul b d
             f:float32[27,32] = tanh e
             g:float32[32] = reduce_sum[dims=(0), keepdim=False] f
        out  g
        """,
    )


def test_a_product_takes_it_either_way_round() -> None:
    graph = traced(lambda x, w: (x @ w).relu().T @ x, (16, 30), (30, 20))
    shapes = [
        e.output.shape for e in verify(batch_in_lanes(graph)).equations if e.name != "permute"
    ]
    assert shapes == [(20, 16), (20, 16), (20, 30)]


KEPT: dict[str, tuple[Callable[..., Any], tuple[tuple[int, ...], ...]]] = {
    "a batch in whole vectors and columns too": (
        lambda x, w: (x @ w).tanh().sum(1),
        ((32, 30), (30, 48)),
    ),
    "a batch that is ragged itself": (lambda x, w: (x @ w).tanh().sum(1), ((33, 30), (30, 27))),
    "few columns": (lambda x, w: (x @ w).tanh().sum(1), ((32, 30), (30, 3))),
    "a large batch": (lambda x, w: (x @ w).tanh().sum(1), ((512, 30), (30, 27))),
    "what would have to be packed first": (
        lambda x, w: (x @ w).tanh().sum(1),
        ((64, 784), (784, 10)),
    ),
    "what is returned": (lambda x, w: (x @ w).tanh(), ((32, 30), (30, 27))),
    "what is read in another way": (
        lambda x, w: (x @ w).tanh().reshape(27, 32).sum(1),
        ((32, 30), (30, 27)),
    ),
    "what meets a matrix from outside": (
        lambda x, w: (x[:, :27] + x @ w).sum(1),
        ((32, 30), (30, 27)),
    ),
    "nothing but elementwise work": (
        lambda x, w: x.tanh().exp().sum(1) + w.sum(),
        ((32, 27), (3, 3)),
    ),
}


@pytest.mark.parametrize("what", KEPT)
def test_these_stay_as_they_are(what: str) -> None:
    function, shapes = KEPT[what]
    graph = traced(function, *shapes)
    assert str(batch_in_lanes(graph)) == str(graph)


def _loss(x: Any, y: Any, w: Any, v: Any, b: Any) -> Any:
    hidden = (x @ w.T + b).tanh()
    return F.cross_entropy(hidden @ v.T, y), hidden.amax(0), hidden.sum((0, 1))


@pytest.mark.parametrize("batch", [16, 48])
@pytest.mark.parametrize("classes", [27, 10])
def test_a_network_and_its_gradients_agree_with_numpys(batch: int, classes: int) -> None:
    rng = np.random.default_rng(batch)
    x = g.tensor(rng.standard_normal((batch, 30)))
    y = g.tensor(rng.integers(0, classes, batch))
    shapes = (50, 30), (classes, 50), (50,)
    wanted, found = ([g.tensor(a, requires_grad=True) for a in _weights(shapes)] for _ in "ab")

    def step(parameters: list[Any]) -> Any:
        loss, most, total = _loss(x, y, *parameters)
        (loss + most.sum() + total).backward()
        return loss, most, total

    program = g.compile(lambda: step(found))
    for a, b in zip(program(), step(wanted), strict=True):
        np.testing.assert_allclose(a.detach(), b.detach(), rtol=1e-12)
    for p, q in zip(found, wanted, strict=True):
        np.testing.assert_allclose(p.grad, q.grad, rtol=1e-9, atol=1e-12)
    assert f"float64[50,{batch}] = tanh" in program.explain(stage="batch_in_lanes")


def _weights(shapes: tuple[tuple[int, ...], ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.standard_normal(shape) * 0.2 for shape in shapes]
