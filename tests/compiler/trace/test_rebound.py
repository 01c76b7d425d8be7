"""Buffers that a compiled module gives other tensors, and containers that it fills."""

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
    model.b = g.cat([model.b, x])


def with_history(model: Any, x: Any) -> None:
    model.b = model.b + x


def from_nothing(model: Any, x: Any) -> None:
    model.none = x.detach()


def half_way(model: Any, x: Any) -> None:
    raise TraceError("half-way")


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (longer, r"'b' another shape or dtype \(float32\[6\] instead of float32\[3\]\)"),
        (with_history, r"'b' a tensor with a history; assign its \.detach\(\)"),
        (from_nothing, "'none' a tensor where it was None; do that before the first call"),
        (half_way, "half-way"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_the_module_as_it_was(more: Any, text: str) -> None:
    model = Turns(more)
    with pytest.raises(TraceError, match=text):
        g.compile(model)(g.ones(3, requires_grad=True))
    assert model.none is None
    assert [model.a.tolist(), model.b.tolist()] == [[0, 0, 0], [0, 0, 0]]


def test_a_list_that_is_given_and_filled_is_told() -> None:
    def f(x: Any, cache: Any, *, table: Any) -> Any:
        cache[1].append(x * 2)
        table["new"] = x
        return x + 1

    with pytest.warns(UserWarning, match=r"f changes argument 1\[1\], table, but Python runs only"):
        g.compile(f)(g.ones(2), [3, []], table={"old": 0.5})
