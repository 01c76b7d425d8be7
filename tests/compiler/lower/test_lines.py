"""Sorting and running sums, products and extremes in machine code: the bits of NumPy's run."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import gradatim as g
from gradatim.compiler.machine.target import host
from gradatim.nn import functional as F

WALKS: dict[str, Callable[[Any, int], Any]] = {
    "cumsum": lambda x, dim: x.cumsum(dim),
    "cumprod": lambda x, dim: x.cumprod(dim),
    "cummax": lambda x, dim: x.cummax(dim),
    "cummin": lambda x, dim: x.cummin(dim),
    "sort": lambda x, dim: x.sort(dim),
    "sort descending": lambda x, dim: x.sort(dim, descending=True),
    "argsort": lambda x, dim: x.argsort(dim, descending=True),
    "topk": lambda x, dim: x.topk(min(3, x.shape[dim]), dim),
    "bottomk": lambda x, dim: x.topk(x.shape[dim], dim, largest=False),
    "of a turned tensor": lambda x, dim: x.flip(0).transpose(0, -1).cumsum(dim),
    "of a part": lambda x, dim: x[..., ::2].sort(dim),
    "of ones": lambda x, dim: g.ones(3, 4).cumsum(dim) + x.sum().isnan(),
    "of a range": lambda x, dim: (g.arange(12).reshape(3, 4).cumsum(dim), x),
}


def arrays(r: Any) -> list[Any]:
    return [r.numpy()] if isinstance(r, g.Tensor) else [a for x in r for a in arrays(x)]


def check(function: Callable[[Any], Any], x: Any) -> None:
    program: Any = g.compile(function)
    assert "NumPy:" not in program.explain(x, stage="schedule")
    for got, want in zip(arrays(program(x)), arrays(function(x)), strict=True):
        assert (got.dtype, got.shape) == (want.dtype, want.shape)
        np.testing.assert_array_equal(got, want)
        if got.dtype.kind == "f":
            np.testing.assert_array_equal(np.signbit(got), np.signbit(want))


@pytest.mark.parametrize("dtype", [g.float32, g.float64, g.int64, g.int32, g.uint8])
@pytest.mark.parametrize("dim", [0, 1])
@pytest.mark.parametrize("name", WALKS)
def test_lines_are_the_same_bits(name: str, dim: int, dtype: Any) -> None:
    g.manual_seed(1)
    x = (g.randn(6, 37) * 4).to(dtype)
    if dtype.is_floating_point:
        x[1, 3:9] = g.tensor([0.0, -0.0, float("inf"), float("nan"), -0.0, float("-inf")])
    check(lambda x: WALKS[name](x, dim), x)


ELEMENTS = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, float("nan"), float("inf"), -float("inf"), 1e-45]),
    st.floats(width=32, allow_nan=False),
)


@settings(deadline=None, derandomize=True, max_examples=25)
@given(hnp.arrays(np.float32, hnp.array_shapes(max_dims=2, max_side=40), elements=ELEMENTS))
def test_any_numbers_are_sorted_stably(array: Any) -> None:
    x = g.tensor(array)
    check(lambda x: (x.argsort(-1, stable=True), x.argsort(-1, descending=True, stable=True)), x)


def test_long_lines_are_shared_by_threads_with_the_same_result() -> None:
    g.manual_seed(0)
    x, threads = g.randn(40, 3000), g.get_num_threads()
    program: Any = g.compile(lambda x: (x.sort(1), x.topk(50), x.cumsum(0)))
    found = []
    try:
        for count in (1, 2, 3):
            g.set_num_threads(count)
            found.append([a.tobytes() for a in arrays(program(x))])
    finally:
        g.set_num_threads(threads)
    want = [a.tobytes() for a in arrays((x.sort(1), x.topk(50), x.cumsum(0)))]
    assert found == [want] * 3


def test_gradients_go_through_sorts_and_running_sums() -> None:
    def step(x: Any) -> Any:
        values, _ = x.sort(1)
        loss = (values.cumsum(1) * x.cumprod(0)).sum() + x.topk(2, 0).values.square().sum()
        loss.backward()
        return loss

    g.manual_seed(0)
    x = g.randn(4, 6)
    found = []
    for run in (step, g.compile(step)):
        w = x.clone().requires_grad_()
        run(w)
        found.append(w.grad.numpy())
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5)


@pytest.mark.skipif(not host().has_fma, reason="without fused steps NumPy draws it")
def test_a_token_is_drawn_by_top_k_and_top_p_in_machine_code() -> None:
    def draw(logits: Any, temperature: float) -> Any:
        logits = logits / temperature
        values, places = logits.topk(20)
        p = F.softmax(values, dim=-1)
        kept = p.cumsum(-1) - p < 0.9
        chosen = g.multinomial(g.where(kept, p, 0.0), 1)
        return places.gather(-1, chosen)

    program: Any = g.compile(draw)
    assert "NumPy:" not in program.explain(g.randn(2, 65), 0.8, stage="schedule")
    for seed in range(20):
        g.manual_seed(seed)
        logits = g.randn(2, 65)
        want = draw(logits, 0.8)
        g.manual_seed(seed)
        assert program(g.randn(2, 65), 0.8).tolist() == want.tolist()
