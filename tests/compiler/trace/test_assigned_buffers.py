"""Buffers of modules that a compiled call gives other tensors."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import gradatim as g
from gradatim import nn
from gradatim.compiler.errors import TraceError
from tests.compiler.backward.both_ways import alike


class Remembers(nn.Module):
    """Gives its buffers other tensors in every call, and what they were is still wanted."""

    def __init__(self) -> None:
        super().__init__()
        g.manual_seed(0)
        self.linear = nn.Linear(3, 3)
        zeros = g.zeros(3)
        self.register_buffer("mean", zeros)
        self.register_buffer("before", zeros)  # two names of one tensor, until one is rebound
        self.register_buffer("count", g.tensor(0))

    def forward(self, x: Any) -> Any:
        old, y = self.mean, self.linear(x)
        self.before = old
        self.mean = 0.5 * self.mean + y.detach().mean(0)
        self.count = self.count + 1
        return (y - old) * self.mean * self.count, old, old[1:], self.mean


def used(model: Any) -> Any:
    found = []
    for i in range(3):
        a = model(g.ones(2, 3) * i)
        a[0].square().mean().backward()
        found += [*a, model.mean, model.before, model.count]
        found = [x.clone().detach() for x in found]
    model.eval()
    with g.no_grad():
        found += model(g.ones(4, 3))
    return [*found, *model.state_dict().values(), model.linear.weight.grad]


class Turns(nn.Module):
    """Two states that change places; then whatever else is done."""

    def __init__(self, more: Any = None) -> None:
        super().__init__()
        zeros = g.zeros(3)
        self.register_buffer("a", zeros)
        self.register_buffer("b", zeros)
        self.register_buffer("none", None)
        self.more = more

    def forward(self, x: Any) -> Any:
        self.a, self.b = self.b + x.detach(), self.a - 1
        if self.more is not None:
            self.more(self, x)
        return self.a * x


def test_what_is_returned_and_gradients_are_those_of_the_call() -> None:
    alike(used(g.compile(Remembers())), used(Remembers()))


def test_buffers_that_change_places_are_traced_once() -> None:
    ours, model = Turns(), Turns()
    compiled = g.compile(ours)
    for i in range(4):
        x = g.ones(3) * i
        alike([compiled(x), ours.a, ours.b], [model(x), model.a, model.b])
    assert len(compiled.history) == 1
    before = ours.a.clone()
    copy.deepcopy(compiled)(g.ones(3))
    alike(ours.a, before)


def longer(model: Any, x: Any) -> None:
    model.b = g.cat([model.b, x.detach()])


def with_history(model: Any, x: Any) -> None:
    model.b = model.b + x


def from_nothing(model: Any, x: Any) -> None:
    model.none = x.detach() if model.none is None else model.none + x.detach()


@pytest.mark.filterwarnings("ignore:.*traced again")
@pytest.mark.parametrize("more", [longer, with_history, from_nothing])
def test_buffers_may_change_in_shape_and_have_a_history_or_nothing(more: Any) -> None:
    def used(model: Any) -> Any:
        found = []
        for i in range(4):
            x = (g.ones(3) * i).requires_grad_()
            y = model(x)
            if more is with_history:
                (y + model.b).sum().backward()
            found += [y, model.a, model.b, model.none, x.grad]
            model.b = model.b.detach()
            if more is longer:
                model.b = model.b[:3]
        return found

    alike(used(g.compile(Turns(more))), used(Turns(more)))


def test_a_function_that_fails_leaves_everything_as_it_was() -> None:
    def half_way(model: Any, x: Any) -> None:
        model.none = x
        raise TraceError("half-way")

    model = Turns(half_way)
    with pytest.raises(TraceError, match="half-way"):
        g.compile(model)(g.ones(3, requires_grad=True))
    assert model.none is None
    assert [model.a.tolist(), model.b.tolist()] == [[0, 0, 0], [0, 0, 0]]
