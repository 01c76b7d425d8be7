"""Objects to which a compiled function assigns: the same ones afterwards, under the same names."""

from __future__ import annotations

import weakref
from collections import OrderedDict, deque
from types import SimpleNamespace
from typing import Any

import pytest

import gradatim as g
from gradatim import nn
from gradatim.compiler.errors import NotFiniteError
from tests.compiler.objects_seen import Seen, check

PROGRAMS: list[Any] = []


def program(make: Any) -> Any:
    """A step, what it leaves to be seen, and what is done to that between calls."""
    PROGRAMS.append(make)
    return make


def nothing(i: int, result: Any) -> None:
    """What most do between two calls."""


def space(**values: Any) -> SimpleNamespace:
    return SimpleNamespace(**{"a": g.zeros(2), "b": None, **values})


@pytest.mark.filterwarnings("ignore:.*traced again", "ignore:.*share memory that step writes")
@pytest.mark.parametrize("make", PROGRAMS)
def test_every_call_leaves_what_it_leaves_as_written(make: Any) -> None:
    def run(compiled: Any) -> Any:
        g.manual_seed(0)
        step, left, between = make()
        step, found, results = compiled(step), [], []
        for i in range(6):
            x = g.tensor([1.0, -2.0]) * (i + 1)
            results.append(step(x))
            found.append(Seen().of([left, x, results]))
            with g.no_grad():
                between(i, results[-1])
        return found

    check(run(g.compile), run(lambda step: step))


# -- which tensor is which -------------------------------------------------------------------------


@program
def returned_and_written() -> Any:
    m = space()

    def step(x: Any) -> Any:
        m.b = m.a = m.a + x
        return m.a

    return step, m, lambda i, result: result.mul_(2)


@program
def views_of_a_state() -> Any:
    m = space(old=None)

    def step(x: Any) -> Any:
        m.old = m.a[1:]
        m.a = m.a + x
        m.b = m.a[:1]
        return m.b * 2

    return step, m, lambda i, result: (m.b.add_(1), m.old.add_(1))


@program
def arguments_and_swaps() -> Any:
    m = space(b=g.ones(2), given=None)

    def step(x: Any) -> Any:
        m.a, m.b, m.given = m.b, m.a, x
        return m.a * x

    return step, m, lambda i, result: m.a.add_(1)


@program
def one_tensor_that_is_written_under_another_name() -> Any:
    z = g.zeros(4)
    m = space(a=z[:2], b=z)

    def step(x: Any) -> Any:
        m.b[0] = 5.0
        m.a = m.a * 0.5 + 1
        return m.a

    return step, m, lambda i, result: setattr(m, "a", m.b[1:3]) if i == 3 else None


@program
def states_in_a_tuple() -> Any:
    m, d = space(state=(g.zeros(2), g.ones(2)), old=None), {"l": [g.zeros(2), None]}

    def step(x: Any) -> Any:
        h, c = m.state
        m.old = m.state
        m.state = (c, h * 0.5 + x)
        d["l"] = [d["l"][0] + c, None]
        return m.state[1] * 2

    return step, [m, d], lambda i, result: m.old[1].add_(1)


# -- what is read of a tensor without its numbers --------------------------------------------------


@program
def shapes() -> Any:
    m = space()

    def step(x: Any) -> Any:
        m.b = m.a.shape[0]
        m.a = x * 2
        return x

    return step, m, lambda i, result: setattr(m, "a", g.zeros(3)) if i == 2 else None


@program
def detached() -> Any:
    w, m = g.tensor([0.5, 0.25], requires_grad=True), space()

    def step(x: Any) -> Any:
        w.grad = None
        m.a = (m.a.detach() * w + x).tanh()
        m.a.sum().backward()
        m.a = m.a.detach()
        return m.a.sum()

    return step, [m, w], nothing


@program
def an_alias_of_what_was_there() -> Any:
    m = space(b=g.zeros(2))

    def step(x: Any) -> Any:
        m.a, m.b = m.b.detach(), x
        return x * 2

    return step, m, nothing


# -- histories -------------------------------------------------------------------------------------


@program
def a_loss_that_depends_on_a_state() -> Any:
    w, m = g.tensor([0.5, 0.25], requires_grad=True), space()

    def step(x: Any) -> Any:
        h = m.a
        m.a = (h * w + x).tanh().detach()
        m.b = ((h * w) ** 2).sum()
        return m.a

    return step, [m, w], lambda i, result: m.b.backward()


@program
def two_calls_before_the_backward_pass() -> Any:
    w, m = g.tensor([0.5, 0.25], requires_grad=True), space()
    losses: list[Any] = []

    def between(i: int, loss: Any) -> None:
        losses.append(loss)
        m.a = g.ones(2) * i
        if i % 2:
            with g.enable_grad():
                sum(losses).backward()
            losses.clear()

    return lambda x: (w * m.a * x).sum(), [m, w], between


# -- what appears and disappears -------------------------------------------------------------------


class Slot:
    __slots__ = ("w",)


class SlotsOnly:
    __slots__ = ("__weakref__", "w")


class Thing:
    def __init__(self) -> None:
        self.a, self.slot = g.zeros(2), SlotsOnly()


@program
def attributes_and_slots() -> Any:
    m, s = space(), Slot()

    def step(x: Any) -> Any:
        if hasattr(s, "w"):
            y = s.w * m.h
            del s.w, m.h
            return y
        s.w, m.h = x, x * 2
        return x

    return step, [m, s], nothing


@program
def items() -> Any:
    d = {"a": g.zeros(2), "b": g.ones(2)}

    def step(x: Any) -> Any:
        d["a"] = d.pop("a") + x  # the last one now
        y = d.pop("c", x)
        return y + g.cat([*d.values()])[:2]

    return step, d, lambda i, result: d.update(c=g.ones(2)) if i == 2 else None


@program
def an_ordered_dictionary() -> Any:
    d = OrderedDict(a=g.zeros(2), b=g.ones(2))

    def step(x: Any) -> Any:
        d.move_to_end("a")
        return next(iter(d.values())) + x

    return step, d, nothing


@program
def lists() -> Any:
    q = [g.zeros(2), g.ones(2)]
    p: list[Any] = []

    def step(x: Any) -> Any:
        q.insert(0, x)
        y = q.pop()
        q[1:] = [z + y for z in q[1:]]
        q.reverse()
        p.clear()
        return y

    return step, [q, p], lambda i, result: p.append(result)


@program
def deques() -> Any:
    window, m = deque([g.zeros(2)] * 3, maxlen=3), space()

    def step(x: Any) -> Any:
        window.append(x)
        m.b = deque([x * 2])
        return sum(window)

    return step, [window, m], nothing


# -- other places ----------------------------------------------------------------------------------


@program
def classes_and_functions() -> Any:
    class Base:
        n: Any = 0
        last: Any = None

    class Kind(Base):
        pass

    def step(x: Any) -> Any:
        Kind.n = Base.n + 1
        Base.n += 2
        Kind.last = x
        step.calls += 1  # type: ignore[attr-defined]
        return x * Kind.n * step.calls  # type: ignore[attr-defined]

    step.calls = 0  # type: ignore[attr-defined]
    return step, [vars(step)], lambda i, result: step.__dict__.update(n=(Kind.n, Base.n, Kind.last))


class Pair:
    __slots__ = ("left", "right")

    def __init__(self, left: Any, right: Any) -> None:
        self.left, self.right = left, right


@program
def new_objects_and_containers() -> Any:
    m = space(p=None, q=None, d=None)

    def step(x: Any) -> Any:
        m.p, m.q, m.d = Pair(x * 2, 3), [], {"k": [1, 2]}
        return m.p.left

    return step, m, lambda i, result: (m.q.append(5), m.d.update(i=i))


@program
def returned_containers_and_objects() -> Any:
    m = space(p=None)

    def step(x: Any) -> Any:
        m.p = Pair(x * 2, 3)
        m.a = m.b = [x, x * 2]
        return m.p, m.a, m.p

    return step, m, lambda i, result: result[1].append(5)


@program
def known_objects() -> Any:
    m = space(a=nn.Linear(2, 2), b=nn.Linear(2, 2), rows=[[1], [2]])
    m.now = m.a

    def step(x: Any) -> Any:
        m.now = m.b if m.now is m.a else m.a
        m.rows[0], m.rows[1] = m.rows[1], m.rows[0]
        return m.now.weight @ x * m.rows[0][0]

    seen: list[Any] = []
    return step, seen, lambda i, result: seen.append((m.now is m.a, m.rows[0][0]))


# -- what else is told -----------------------------------------------------------------------------


def test_a_state_that_python_looks_at_is_none() -> None:
    m = space(a=g.tensor(1.0))

    @g.compile
    def step(x: Any) -> Any:
        y = x if float(m.a) else -x
        m.a = x.sum()
        return y

    step(g.tensor(1.0))
    m.a = g.tensor(0.0)
    with pytest.warns(UserWarning, match="m.a is another tensor than before"):
        assert step(g.tensor(1.0)).item() == -1


@pytest.mark.parametrize("bad", [-4.0, float("nan")])
def test_many_steps_that_end_with_nan_leave_all_of_the_step_before(bad: float) -> None:
    m = space(a=g.tensor(0.0), n=0)

    @g.compile
    def step(x: Any) -> Any:
        m.a, m.b = m.a + x, x * 2
        m.n += 1
        return x.sqrt()

    with pytest.raises(NotFiniteError):
        step.repeat(5, g.tensor([1.0, 2.0, 3.0, bad, 5.0]))
    assert [m.a.item(), m.b.item(), m.n] == [6, 6, 3]


def test_many_steps_that_end_with_an_error_leave_the_states_of_the_step_before() -> None:
    m, table = space(a=g.tensor(0.0), n=0), g.arange(4.0)

    @g.compile
    def step(i: Any) -> Any:
        m.a = m.a + table[i]
        m.n += 1
        return m.a

    with pytest.raises(IndexError):
        step.repeat(5, g.tensor([0, 1, 2, 9, 1]))
    assert [m.a.item(), m.n] == [3, 3]


def test_a_program_keeps_no_object_alive() -> None:
    @g.compile
    def step(thing: Any, x: Any) -> Any:
        thing.a = thing.a + x
        thing.slot.w = thing.a * 2
        return x

    thing = Thing()
    refers = [weakref.ref(thing), weakref.ref(thing.slot)]
    step(thing, g.ones(2))
    step(thing, g.ones(2))
    assert thing.slot.w.tolist() == [4, 4]
    del thing
    assert [refer() for refer in refers] == [None, None]


def test_states_in_a_tuple_are_traced_once() -> None:
    m = space(state=(g.zeros(2), g.ones(2)))

    @g.compile
    def step(x: Any) -> Any:
        h, c = m.state
        m.state = (c, h * 0.5 + x)
        return h

    step.repeat(3, g.ones(3, 2))
    assert [x.tolist() for x in m.state] == [[1.5, 1.5], [1.5, 1.5]]
    assert step.history == ["first call"]


def test_old_tensors_are_released() -> None:
    m = space()

    @g.compile
    def step(x: Any) -> Any:
        m.a = m.a + x
        m.b = m.a * 2
        return x

    old = []
    for _ in range(4):
        old += [weakref.ref(m.a)] + ([weakref.ref(m.b)] if m.b is not None else [])
        step(g.ones(2))
    assert all(refer() is None for refer in old)
