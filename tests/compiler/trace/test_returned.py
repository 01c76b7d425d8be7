"""What a compiled function returns: which memory it shares, and the containers it comes in."""

from collections import Counter, OrderedDict, defaultdict, namedtuple
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

import gradatim as g
from gradatim import nn

# -- memory --------------------------------------------------------------------------------------

VIEWS: dict[str, Callable[[Any], Any]] = {
    "slice": lambda x: x[1:],
    "element": lambda x: x[1, 2],
    "transposed": lambda x: x.t()[1:],
    "reshaped": lambda x: x.reshape(-1)[::2],
    "detached": lambda x: x.detach(),
    "diagonal": lambda x: x.diagonal(),
    "itself": lambda x: x,
    "copy": lambda x: x.clone()[1:],
    "reshaped with a copy": lambda x: x.t().reshape(-1),
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_returned_view_of_an_argument_or_a_found_tensor_shares_its_memory(name: str) -> None:
    view, w = VIEWS[name], g.zeros(3, 4)
    found: Any = g.compile(lambda: view(w))
    given: Any = g.compile(lambda x: view(x))
    for _ in range(2):
        want = g.arange(12.0).reshape(3, 4)
        view(want).fill_(-1)
        x = g.arange(12.0).reshape(3, 4)
        assert given(x).tolist() == view(x).tolist()
        given(x).fill_(-1)
        w.copy_(g.arange(12.0).reshape(3, 4))
        found().fill_(-1)
        assert x.tolist() == w.tolist() == want.tolist()


def test_a_view_of_what_the_step_wrote_shows_it() -> None:
    cache = g.zeros(4, 2)

    @g.compile
    def step(i: Any, row: Any) -> Any:
        cache.index_copy_(0, i, row)
        return cache[1:]

    seen = step(g.tensor([2]), g.ones(1, 2))
    assert seen.tolist() == [[0, 0], [1, 1], [0, 0]]
    step(g.tensor([3]), g.ones(1, 2))
    assert seen.tolist() == [[0, 0], [1, 1], [1, 1]]


def test_results_that_share_memory_do_so_afterwards() -> None:
    def two(x: Any) -> Any:
        z = x * 2
        return z, z.reshape(2, 3), z[1:3], z.detach()

    for run in (two, g.compile(two)):
        whole, square, part, detached = run(g.ones(6))
        part.zero_()
        square[1].fill_(5)
        assert whole.tolist() == detached.tolist() == [2, 0, 0, 5, 5, 5]


def test_views_without_their_whole_share_it_too() -> None:
    def two(x: Any) -> Any:
        z = x * 2
        return z[1:], z[:2]

    for run in (two, g.compile(two)):
        tail, head = run(g.ones(3))
        head.zero_()
        assert tail.tolist() == [0, 2]


def test_each_call_has_memory_of_its_own() -> None:
    @g.compile
    def program(x: Any) -> Any:
        z = x + 1
        return z, z.t()

    first, turned = program(g.zeros(2, 2))
    program(g.ones(2, 2))[0].zero_()
    assert first.tolist() == turned.tolist() == [[1, 1], [1, 1]]


def test_a_view_of_a_parameter_leads_back_to_it() -> None:
    w = g.ones(3, requires_grad=True)
    part = g.compile(lambda: w[1:] * 1)()
    part.sum().backward()
    assert w.grad is not None
    assert w.grad.tolist() == [0, 1, 1]
    assert g.compile(lambda: w.detach()[1:])().requires_grad is False


def test_repeat_returns_numbers_of_all_steps_also_of_two_on_one_memory() -> None:
    @g.compile
    def step(x: Any) -> Any:
        z = x.sum()
        return z, z.detach(), x[:1]

    total, detached, last = step.repeat(3, g.arange(6.0).reshape(3, 2))
    assert total.tolist() == detached.tolist() == [1, 5, 9]
    assert last.tolist() == [0, 2, 4]


# -- containers ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Frozen:
    loss: Any
    parts: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Slotted:
    loss: Any


class Plain:
    def __init__(self, loss: Any) -> None:
        self.loss = loss
        self.me = self


class Layer(nn.Module):
    def __init__(self, weight: Any) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.inner = nn.ModuleDict({"half": nn.Linear(2, 2)})
        self.inner["half"].bias = nn.Parameter(weight / 2)


class Table(dict):  # type: ignore[type-arg]
    """A dictionary of the user's."""


class Row(list):  # type: ignore[type-arg]
    """A list of the user's."""


Pair = namedtuple("Pair", "loss name")
CONTAINERS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "frozen": (lambda y: Frozen(0, {"a": [y]}), lambda r: r.parts["a"][0]),
    "slotted": (Slotted, lambda r: r.loss),
    "plain": (Plain, lambda r: r.loss),
    "module": (Layer, lambda r: r.weight.detach()),
    "inside a module": (Layer, lambda r: r.inner["half"].bias.detach() * 2),
    "namedtuple": (lambda y: Pair(y, "n"), lambda r: r.loss),
    "dictionary": (lambda y: {"a": {"b": (y,)}}, lambda r: r["a"]["b"][0]),
    "ordered": (lambda y: OrderedDict(a=y), lambda r: r["a"]),
    "with a default": (lambda y: defaultdict(list, a=y), lambda r: r["a"]),
    "counter": (lambda y: Counter({"a": y}), lambda r: r["a"]),
    "a table": (lambda y: Table(a=y), lambda r: r["a"]),
    "a row": (lambda y: Row([y]), lambda r: r[0]),
    "namespace": (lambda y: SimpleNamespace(a=y), lambda r: r.a),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_containers_are_returned_filled(name: str) -> None:
    make, read = CONTAINERS[name]
    program: Any = g.compile(lambda x: make(x + 1))
    first = program(g.zeros(2))
    second = program(g.ones(2))
    assert type(first) is type(make(g.ones(2)))
    assert first is not second
    assert (read(first).tolist(), read(second).tolist()) == ([1, 1], [2, 2])
    assert read(program.repeat(2, g.ones(2, 2))).tolist() == [2, 2]


def test_an_object_without_tensors_of_the_function_is_returned_itself() -> None:
    thing, layer = Plain(3), Layer(g.ones(2))
    program: Any = g.compile(lambda x: (thing, layer, x + 1))
    assert program(g.ones(1))[0] is thing
    assert program(g.ones(1))[1] is layer


def test_dictionaries_of_other_kinds_are_returned_as_they_are() -> None:
    def both(x: g.Tensor) -> tuple[OrderedDict[str, g.Tensor], defaultdict[str, list[g.Tensor]]]:
        found = defaultdict(list, {"b": [x * 3]})
        return OrderedDict(a=x * 2), found

    ordered, default = g.compile(both)(g.ones(2))
    assert type(ordered) is OrderedDict
    assert ordered["a"].tolist() == [2, 2]
    assert default["b"][0].tolist() == [3, 3]
    assert default["c"] == []
