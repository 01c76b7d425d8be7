"""Steps that assign at random, called and disturbed at random: compiled, they leave the same.

The same means equal numbers of the same types, the same objects under the same names, and the same
tensors on the same memory.
"""

from __future__ import annotations

import warnings
from collections import deque
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import gradatim as g
from gradatim.core.errors import GradatimError
from tests.compiler.objects_seen import Seen, check


class Slots:
    """An attribute that is there, and one that may be."""

    __slots__ = ("h", "w")

    def __init__(self) -> None:
        self.h = g.zeros(2)


class Counted:
    """Counts what is assigned, and has attributes of its class."""

    kinds: Any = 0
    last: Any = None

    def __init__(self) -> None:
        self.sets = 0
        self.h = g.zeros(2)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, "sets", getattr(self, "sets", 0) + (name == "h"))
        object.__setattr__(self, name, value)


class World:
    """What a step assigns to."""

    def __init__(self) -> None:
        zeros = g.zeros(2)
        self.m = SimpleNamespace(a=zeros, b=zeros, c=None, n=0, f=0.5, on=False, text="", v=None)
        self.q: list[Any] = [g.ones(2), zeros]
        self.window: deque[Any] = deque([zeros, zeros], maxlen=2)
        self.d: dict[str, Any] = {"z": g.ones(2), "n": 3, "deep": [{"h": zeros}, (zeros, zeros)]}
        self.s, self.t = Slots(), type("Kind", (Counted,), {})()
        self.p = g.tensor([0.5, -1.0], requires_grad=True)
        self.m.pair, self.m.rows, self.table = (zeros, g.ones(2)), [], g.zeros(3, 2)
        self.loss: Any = None

    def seen(self) -> Any:
        kind = type(self.t)
        seen = [self.m, self.q, self.window, self.d, self.s, self.t, self.p, self.loss]
        return [*seen, self.table, kind.kinds, kind.last]


def swap(w: World, x: Any) -> None:
    w.m.a, w.m.b = w.m.b, w.m.a


def average(w: World, x: Any) -> None:
    w.m.a = 0.5 * w.m.a + x


def both(w: World, x: Any) -> None:
    w.m.a = w.m.b = w.m.a - x


def keep(w: World, x: Any) -> None:
    w.m.b = w.m.a


def given_away(w: World, x: Any) -> None:
    w.m.b = x


def view(w: World, x: Any) -> None:
    w.m.v = w.m.a[:1]


def lazily(w: World, x: Any) -> None:
    w.m.c = x if w.m.c is None else w.m.c + x


def to_and_fro(w: World, x: Any) -> None:
    w.m.c = None if w.m.c is not None else x


def count(w: World, x: Any) -> Any:
    w.m.n += 1
    return x * w.m.n


def count_down(w: World, x: Any) -> Any:
    w.m.n = -w.m.n * 3 // 2 - 7 % (w.m.n * 0 + 3)
    return x + w.m.n


def decay(w: World, x: Any) -> Any:
    w.m.f *= 0.5
    w.m.rate = w.m.f / 3
    return x * w.m.f


def flag(w: World, x: Any) -> Any:
    w.m.on = not w.m.on
    return x if w.m.on else -x


def compare(w: World, x: Any) -> Any:
    w.m.on = w.m.n > 2
    return x


def every_other(w: World, x: Any) -> Any:
    return x * 2 if w.m.n % 2 else x


def label(w: World, x: Any) -> Any:
    w.m.text = f"{w.m.n}"
    return x


def in_place(w: World, x: Any) -> Any:
    w.m.a.add_(1)
    return x + w.m.a


def append(w: World, x: Any) -> None:
    w.q.append(x * 2)


def pop(w: World, x: Any) -> Any:
    return x + w.q.pop(0) if w.q else x


def insert(w: World, x: Any) -> None:
    w.q.insert(0, x)


def slices(w: World, x: Any) -> None:
    w.q[:] = [y + x for y in w.q]


def turn(w: World, x: Any) -> None:
    w.q.reverse()


def empty(w: World, x: Any) -> None:
    w.q.clear()


def move(w: World, x: Any) -> Any:
    w.window.append(x)
    return w.window[0] + x


def fill(w: World, x: Any) -> Any:
    w.d["k"] = w.d.get("k", 0) + x
    return w.d["k"]


def drop(w: World, x: Any) -> Any:
    return x + w.d.pop("k", 1.0)


def last_first(w: World, x: Any) -> Any:
    w.d["z"] = w.d.pop("z") + x
    return x * len([*w.d])


def deep(w: World, x: Any) -> Any:
    w.d["n"] += 2
    w.d["deep"][0]["h"] = w.d["deep"][0]["h"] + x
    w.d["deep"][1] = (w.d["deep"][1][1], x)
    return x - w.d["n"]


def slot(w: World, x: Any) -> Any:
    w.s.h = w.s.h * 0.5 + x
    if hasattr(w.s, "w"):
        x = x + w.s.w
        del w.s.w
    else:
        w.s.w = x
    return x


def setter(w: World, x: Any) -> Any:
    w.t.h = w.t.h + x
    return w.t.h * w.t.sets


def of_class(w: World, x: Any) -> Any:
    kind = type(w.t)
    kind.kinds += 1
    kind.last = x
    return x * w.t.kinds


def gradient(w: World, x: Any) -> Any:
    (w.p * x).square().sum().backward()
    return x


def history(w: World, x: Any) -> Any:
    w.loss = (w.p * x * w.m.a).sum()
    return x


def whole(w: World, x: Any) -> Any:
    h, c = w.m.pair
    w.m.pair = (c, h * 0.5 + x)
    return x + c


def listed(w: World, x: Any) -> None:
    w.m.rows = [w.m.a, x * 2]


def row(w: World, x: Any) -> Any:
    w.table[w.m.n % 2] += x
    w.table[w.m.n % 3].mul_(0.5)
    return x + w.table[0]


def shape(w: World, x: Any) -> Any:
    return x * w.m.a.shape[0]


STATEMENTS = [
    *(swap, average, both, keep, given_away, view, lazily, to_and_fro, count, count_down, decay),
    *(flag, compare, every_other, label, in_place, append, pop, insert, slices, turn, empty, move),
    *(fill, drop, last_first, deep, slot, setter, of_class, gradient, history),
    *(whole, listed, row, shape),
]


def step_of(w: World, statements: list[Any]) -> Any:
    def step(x: Any) -> Any:
        for statement in statements:
            new = statement(w, x)
            x = x if new is None else new
        return x, w.m.a, w.m.n

    return step


# -- between the calls ----------------------------------------------------------------------------


def set_to(**values: Any) -> Any:
    def act(w: World, held: list[Any]) -> None:
        vars(w.m).update({name: make() for name, make in values.items()})

    return act


def write(w: World, held: list[Any]) -> None:
    w.m.a.add_(1)


def share(w: World, held: list[Any]) -> None:
    w.m.b = w.m.a


def write_result(w: World, held: list[Any]) -> None:
    if held:
        with g.no_grad():
            held[-1][0].mul_(2)


def back(w: World, held: list[Any]) -> None:
    if w.loss is not None:
        w.loss.backward()
        w.loss = None


def forget(w: World, held: list[Any]) -> None:
    w.q.clear()
    w.d.pop("k", None)
    w.p.grad = None


ACTS = [
    *(write, share, write_result, back, forget),
    *(set_to(a=lambda: g.ones(2)), set_to(a=lambda: g.ones(2, dtype=g.float64))),
    *(set_to(n=lambda: 5), set_to(n=lambda: 2**40), set_to(n=lambda: 0.5), set_to(c=lambda: None)),
]


def outcome(w: World, step: Any, acts: list[Any]) -> Any:
    """What there is after each act: a number of `acts` is a call."""
    found, held = [], list[Any]()
    for act in acts:
        try:
            if isinstance(act, int):
                held.append(step(g.tensor([1.0, -0.5]) * act))
            else:
                act(w, held)
        except (GradatimError, RuntimeError) as error:
            return [*found, type(error).__name__]
        found.append(Seen().of([w.seen(), held]))
    return found


@given(
    statements=st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=5),
    acts=st.lists(st.one_of(st.integers(1, 3), st.sampled_from(ACTS)), min_size=2, max_size=8),
)
@settings(max_examples=max(1, settings().max_examples // 10))
def test_a_step_assigns_compiled_what_it_assigns_as_written(statements: Any, acts: Any) -> None:
    acts = [1, *acts, 2]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        w = World()
        eager = outcome(w, step_of(w, statements), acts)
        w = World()
        ours = outcome(w, g.compile(step_of(w, statements)), acts)
    check(ours, eager)
