"""Tensors that a compiled function assigns to attributes, items and variables."""

from __future__ import annotations

import inspect
import re
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import gradatim as g
from gradatim import nn
from gradatim.compiler.errors import NotFiniteError
from gradatim.core.errors import ArgumentError
from tests.compiler.backward.both_ways import alike
from tests.compiler.trace.step_by_step import seen


class Slots:
    __slots__ = ("h", "new")

    def __init__(self) -> None:
        self.h = g.zeros(2)


class Lazy:
    """Momentum whose state is made by the first step, as a student writes it."""

    def __init__(self, params: list[Any]) -> None:
        self.params, self.state = params, {}

    @g.no_grad()
    def step(self) -> None:
        for p in self.params:
            if p not in self.state:
                self.state[p] = {"mean": g.zeros_like(p)}
            mean = self.state[p]["mean"] = 0.9 * self.state[p]["mean"] + p.grad
            p -= 0.1 * mean


class LazyOptimizer(g.optim.Optimizer):
    """The same as an optimiser of the library."""

    def __init__(self, params: list[Any]) -> None:
        super().__init__(params, {"lr": 0.1})

    @g.no_grad()
    def step(self) -> None:
        for p in self.param_groups[0]["params"]:
            state = self.state[p]
            if not state:
                state["mean"] = g.zeros_like(p)
            state["mean"].mul_(0.9).add_(p.grad)
            p.sub_(0.1 * state["mean"])


def of_an_optimizer(kind: Any) -> Any:
    p = g.tensor([1.0, -2.0], requires_grad=True)
    optimizer = kind([p])

    def step(x: Any) -> Any:
        p.grad = None
        (p * x).square().sum().backward()
        optimizer.step()
        return p.detach().clone()

    return step, lambda: [optimizer.state[p]["mean"]]


def of_attributes() -> Any:
    """An average that is read, an output that is not, and one that the first call makes."""
    norm = SimpleNamespace(mean=g.zeros(2), out=g.zeros(2))

    def step(x: Any) -> Any:
        norm.mean = 0.9 * norm.mean + 0.1 * x
        norm.out = x - norm.mean
        norm.new = norm.out * 2
        return norm.out.sum()

    return step, lambda: [norm.mean, norm.out, norm.new]


def of_none() -> Any:
    model = SimpleNamespace(last=None)

    def step(x: Any) -> Any:
        model.last = x if model.last is None else model.last + x
        return model.last * 2

    return step, lambda: [model.last]


def of_slots() -> Any:
    cell = Slots()

    def step(x: Any) -> Any:
        cell.h = cell.h * 0.5 + x
        return cell.h.sum()

    return step, lambda: [cell.h]


def of_a_closure() -> Any:
    h: Any = None
    kept = g.zeros(2)

    def step(x: Any) -> Any:
        nonlocal h, kept
        h = x if h is None else h * 0.5 + x
        kept = kept + 1
        return h * kept

    return step, lambda: [h, kept]


average: Any = None


def of_a_global() -> Any:
    globals()["average"] = g.zeros(2)

    def step(x: Any) -> Any:
        global average  # noqa: PLW0603
        average = 0.5 * average + x
        return average * 2

    return step, lambda: [average]


def of_items() -> Any:
    state: dict[str, Any] = {"rate": 0.5, "h": g.zeros(2)}
    layers = [None, g.zeros(2)]

    def step(x: Any) -> Any:
        state["h"] = state["h"] * state["rate"] + x
        if "first" not in state:
            state["first"] = x
        layers[0] = x * 2
        layers[1] = layers[1] + layers[0]
        return layers[1] - state["first"]

    return step, lambda: [state["h"], state["first"], *layers]


def of_containers() -> Any:
    model = SimpleNamespace(cache=None, pair=(), named={})

    def step(x: Any) -> Any:
        model.cache = [x, x * 2]
        model.pair = (x, None, "name")
        model.named = {"a": model.cache[1], "b": x + 1}
        return model.cache[1].sum()

    return step, lambda: [*model.cache, *model.pair, model.named["a"], model.named["b"]]


def of_swaps() -> Any:
    """Two states change places, one is given, and another keeps what was there before."""
    model = SimpleNamespace(a=g.zeros(2), b=g.ones(2), before=g.zeros(2), given=None)

    def step(x: Any) -> Any:
        model.before, model.given = model.a, x
        model.a, model.b = model.b + x, model.a - 1
        return model.a * model.b

    return step, lambda: [model.a, model.b, model.before, model.given]


def of_a_list_that_grows() -> Any:
    """One that is only appended to, and one that is looked at too."""
    losses: list[Any] = []
    model = SimpleNamespace(seen=[])

    def step(x: Any) -> Any:
        losses.append(x.sum())
        model.seen.append(x)
        return x * len(model.seen)

    return step, lambda: [*losses, *model.seen]


PLACES = [
    of_attributes,
    of_none,
    of_slots,
    of_a_closure,
    of_a_global,
    of_items,
    of_containers,
    of_swaps,
    of_a_list_that_grows,
    partial(of_an_optimizer, Lazy),
    partial(of_an_optimizer, LazyOptimizer),
]


@pytest.mark.filterwarnings("ignore:.*traced again")
@pytest.mark.parametrize("make", PLACES)
def test_what_a_step_assigns_is_there_after_every_call(make: Any) -> None:
    alike(seen(make, g.compile), seen(make, lambda step: step))


@pytest.mark.filterwarnings("ignore:.*traced again")
@pytest.mark.parametrize("make", PLACES)
def test_and_after_many_steps(make: Any) -> None:
    xs = g.tensor([1.0, -2.0]) * g.arange(1, 6)[:, None]
    step, state = make()
    last = [step(x) for x in xs][-1]
    expected = [last, *state()]
    step, state = make()
    ours = g.compile(step).repeat(5, xs)
    alike([ours if ours.shape == last.shape else ours[-1], *state()], expected)


@pytest.mark.parametrize("make", [of_attributes, of_none, of_items, of_containers, of_swaps])
def test_what_the_first_call_makes_is_traced_once_more(make: Any) -> None:
    step, _ = make()
    compiled = g.compile(step)
    for i in range(6):
        compiled(g.ones(2) * i)
    assert len(compiled.history) <= 2
    assert not [h for h in compiled.history if h.startswith("changed")]


def test_a_list_that_only_grows_is_traced_once() -> None:
    losses: list[Any] = []

    @g.compile
    def step(x: Any) -> Any:
        losses.append(x * 2)
        return x

    for i in range(4):
        step(g.ones(2) * i)
    assert [x.tolist() for x in losses] == [[0, 0], [2, 2], [4, 4], [6, 6]]
    assert step.history == ["first call"]


def test_one_that_is_looked_at_is_traced_again_and_that_is_said() -> None:
    step, _ = of_a_list_that_grows()
    compiled = g.compile(step)
    compiled(g.ones(2))
    compiled(g.ones(2))
    with pytest.warns(UserWarning, match="seen changed from 1 item to 2 items, so step is"):
        compiled(g.ones(2))


def test_gradients_reach_the_function_through_what_it_assigned() -> None:
    def used(compiled: Any) -> Any:
        linear, model = nn.Linear(2, 2), SimpleNamespace(aux=None)
        linear.load_state_dict({"weight": g.ones(2, 2), "bias": g.zeros(2)})

        def forward(x: Any) -> Any:
            h = linear(x)
            model.aux = (h * h).mean()
            return h.sum()

        run = compiled(forward)
        for i in range(3):
            (run(g.ones(1, 2) * i) + model.aux).backward()
        return linear.weight.grad

    alike(used(g.compile), used(lambda f: f))


@pytest.mark.filterwarnings("ignore:.*another tensor than before.*traced again")
def test_a_value_assigned_outside_is_used() -> None:
    step, _ = of_attributes()
    compiled = g.compile(step)
    norm = inspect.getclosurevars(step).nonlocals["norm"]
    for _ in range(3):
        compiled(g.ones(2))
    norm.mean = g.full((2,), 10.0)
    compiled(g.zeros(2))
    assert norm.mean.tolist() == [9, 9]
    assert norm.new.tolist() == [-18, -18]


def test_a_step_that_becomes_nan_leaves_the_states_of_the_step_before() -> None:
    model = SimpleNamespace(total=g.zeros(()), out=None)
    losses: list[Any] = []

    @g.compile
    def step(x: Any) -> Any:
        model.total = model.total + x
        model.out = x * 2
        losses.append(x)
        return x.sqrt()

    with pytest.raises(NotFiniteError, match="step 4 returned nan; in it sqrt made nan"):
        step.repeat(5, g.tensor([1.0, 2.0, 3.0, -4.0, 5.0]))
    assert model.total.item() == 6
    assert len(losses) <= 4
    assert step(g.tensor(1.0)).item() == 1
    assert model.total.item() == 7


def test_what_is_assigned_does_not_go_into_an_exported_function(tmp_path: Path) -> None:
    step, _ = of_attributes()
    model = nn.Linear(2, 3)

    def forward(x: Any) -> Any:
        model.last = x * 2
        return model(x)

    header = g.compile(forward).export(tmp_path, g.ones(1, 2)).read_text()
    assert "int model(const float *x, float *y);" in header
    with pytest.raises(ArgumentError, match="writes into tensors in place"):
        g.compile(step).export(tmp_path, g.ones(2))


def test_a_report_names_where_results_are_put() -> None:
    model = SimpleNamespace(out=None)

    @g.compile
    def step(x: Any) -> Any:
        model.out = x * 2
        return x + 1

    step(g.ones(2))
    text = step.explain()
    assert "1 given, 0 captured, 1 returned, 1 assigned" in text
    assert re.search(r"^ +c +model\.out$", text, re.MULTILINE)


def test_a_list_that_is_given_and_filled_is_told() -> None:
    def f(x: Any, cache: Any, *, table: Any) -> Any:
        cache[1].append(x * 2)
        table["new"] = x
        return x + 1

    with pytest.warns(UserWarning, match=r"f changes argument 1\[1\], table, but Python runs only"):
        g.compile(f)(g.ones(2), [3, []], table={"old": 0.5})
