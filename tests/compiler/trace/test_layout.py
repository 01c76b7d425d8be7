"""Memory that is not in order: what is a view of it, and where random numbers come to lie."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradatim as g
from gradatim.compiler.ir import kinds
from gradatim.compiler.trace.trace import trace
from gradatim.nn import functional as F
from tests.compiler.test_table_compiled import cases_of
from tests.ops import test_table as layouts
from tests.ops.case import Case
from tests.ops.test_table import call


def both(function: Callable[..., Any], make: Callable[[], Any]) -> tuple[Any, Any]:
    """What a function does to the same tensor, run in NumPy and compiled."""
    found = []
    for run in (function, g.compile(function)):
        g.manual_seed(3)
        x = make()
        returned = run(x)
        found.append((x.tolist(), None if returned is None else returned.tolist()))
    return found[0], found[1]


def ordered() -> Any:
    return g.arange(12.0).reshape(3, 4)


def transposed() -> Any:
    return g.arange(12.0).reshape(4, 3).t()


def gaps() -> Any:
    return g.arange(40.0).reshape(5, 8)[1:4, ::2]


MAKERS = (ordered, transposed, gaps)
DRAWS: dict[str, Callable[[Any], Any]] = {
    "normal_": lambda x: x.normal_(),
    "uniform_": lambda x: x.uniform_(),
    "random_": lambda x: x.random_(7),
    "bernoulli_": lambda x: x.bernoulli_(),
    "exponential_": lambda x: x.exponential_(),
    "rand_like": lambda x: x.copy_(g.rand_like(x)),
}
PARTS: dict[str, Callable[[Any], Any]] = {
    "all": lambda x: x,
    "turned": lambda x: x.t(),
    "columns": lambda x: x[:, 1:],
    "turned rows": lambda x: x.t()[1:],
    "column": lambda x: x[:, 2],
}


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("draw", DRAWS)
def test_draws_lie_where_they_do_without_the_compiler(
    draw: str, part: str, make: Callable[[], Any]
) -> None:
    def function(x: Any) -> None:
        DRAWS[draw](PARTS[part](x))

    want, got = both(function, make)
    assert want == got


def test_many_draws_into_a_transposed_tensor() -> None:
    want, got = both(lambda x: x.t().normal_(), lambda: g.zeros(40, 50))
    assert want == got


WRITES: dict[str, Callable[[Any], Any]] = {
    "reshape": lambda x: x.reshape(-1).zero_(),
    "turned and reshaped": lambda x: x.t().reshape(-1).zero_(),
    "turned and flattened": lambda x: x.t().flatten()[3:].add_(1),
    "contiguous": lambda x: x.contiguous().zero_(),
    "turned contiguous": lambda x: x.t().contiguous().zero_(),
    "split": lambda x: x.t().reshape(2, 2, 3)[1].add_(1),
    "squeezed": lambda x: x[:, None].permute(2, 1, 0).reshape(4, 3).mul_(2),
    "expanded": lambda x: x[:1].expand(3, 4).reshape(12) + 1,
}


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("name", WRITES)
def test_what_is_a_view_is_one_in_a_compiled_function(name: str, make: Callable[[], Any]) -> None:
    want, got = both(WRITES[name], make)
    assert want == got


@pytest.mark.parametrize("make", MAKERS)
def test_strides_are_known_while_a_function_is_traced(make: Callable[[], Any]) -> None:
    def function(x: Any) -> Any:
        views = (x, x.t(), x[1:], x[:, ::2], x.reshape(-1), x[:1].expand(3, 4))
        return [(y.stride(), y.is_contiguous()) for y in views]

    assert g.compile(function)(make()) == function(make())


def test_a_write_through_a_view_of_disordered_memory_has_the_gradient_of_eager() -> None:
    def step(x: Any, w: Any) -> Any:
        y = x * 2
        y.t().reshape(4, 3)[1:].mul_(w)
        y.sum().backward()
        return w.grad

    found = []
    for run in (step, g.compile(step)):
        w = g.tensor([[1.0, 2.0, 3.0]], requires_grad=True)
        run(transposed(), w)
        found.append(w.grad.tolist())
    assert found[0] == found[1]


ELEMENTWISE: dict[str, Callable[[Any], Any]] = {
    "a function": lambda x: x.abs(),
    "with a number": lambda x: (2 - x) / 3,
    "a broadcast row": lambda x: x.t() + g.ones(3),
    "another order": lambda x: x + x.t().contiguous().t(),
    "chosen": lambda x: x.tril().clamp(max=3),
    "a composite": lambda x: F.hardswish(F.leaky_relu(x)),
}


@pytest.mark.parametrize("make", [transposed, gaps])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_what_is_computed_of_disordered_memory_is_disordered(
    name: str, make: Callable[[], Any]
) -> None:
    def function(x: Any) -> Any:
        y = ELEMENTWISE[name](x)
        y.reshape(-1).zero_()  # a view, or a copy of what is not in order
        return g.stack([y, F.dropout(y + 1), g.rand_like(y)])

    want, got = both(function, make)
    np.testing.assert_allclose(got[1], want[1], rtol=1e-6)


@pytest.mark.parametrize("name", sorted(kinds.ELEMENTWISE | kinds.ELEMENTWISE_COMPOSITES))
def test_orders_of_all_elementwise_operations_are_those_of_numpy(name: str) -> None:
    for case in cases_of(name):
        told: list[Any] = []

        def function(*xs: Any, case: Case = case, told: list[Any] = told) -> None:
            told.append([strides(y) for y in call(case, *xs)])

        inputs = [layouts.transposed(np.asarray(x)) for x in case.inputs]
        trace(function, inputs)
        function(*inputs)
        assert told[0] == told[1], case


def strides(x: Any) -> list[int]:
    """Those that count."""
    return [s for s, n in zip(x.stride(), x.shape, strict=True) if n > 1 and x.numel()]


@given(st.data())
@settings(deadline=None, derandomize=True, max_examples=40)
def test_the_order_of_a_sum_is_that_of_numpy(data: Any) -> None:
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))

    def operand() -> Any:
        own = [data.draw(st.sampled_from([n, n, 1])) for n in sizes]
        order = data.draw(st.permutations(range(len(own))))
        back = sorted(range(len(order)), key=lambda i: order[i])
        x = g.zeros(*[own[i] for i in order]).permute(*back)
        return x.expand(*sizes) if data.draw(st.booleans()) else x

    a, b = operand(), operand()
    told: list[Any] = []
    trace(lambda x, y: told.append(strides(x + y)), [a, b])
    assert told == [strides(a + b)]


def test_whether_a_reshape_is_a_view_is_what_numpy_says() -> None:
    rng = np.random.default_rng(0)
    shapes = [(2, 3, 4), (4, 6), (24,), (2, 12), (3, 8), (1, 24), (6, 1, 4)]
    for _ in range(200):
        shape = [2 * n for n in shapes[rng.integers(len(shapes))]]
        x = g.arange(int(np.prod(shape))).reshape(*shape)
        x = x.permute(*rng.permutation(len(shape)).tolist())
        x = x[tuple(slice(0, None, int(s)) for s in rng.integers(1, 3, len(shape)))]
        for n in (2, 3, 4, 6, 8):
            if x.numel() % n == 0:
                new = n, x.numel() // n
                is_view = np.shares_memory(x.numpy(), x.numpy().reshape(new))
                assert np.shares_memory(x.numpy(), x.reshape(new).numpy()) == is_view
