"""Python numbers that a compiled function changes: they have the values and types of Python's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import gradatim as g
from tests.compiler.objects_seen import Seen, check


def changing(n: Any, change: Any, use: Any) -> Any:
    """What a step leaves that changes `m.n` and uses it, in six calls, compiled and not."""

    def run(compiled: Any) -> Any:
        m = SimpleNamespace(n=n, rate=0.5, text="")

        def step(x: Any) -> Any:
            change(m)
            return use(m, x)

        step = compiled(step)
        with g.no_grad():
            return Seen().of([[step(g.tensor([1.0, -2.0]) * (i + 1)), vars(m)] for i in range(6)])

    check(run(g.compile), run(lambda step: step))


def set_n(new: Any) -> Any:
    def change(m: Any) -> None:
        m.n = new(m.n)

    return change


def put(name: str, new: Any) -> Any:
    def change(m: Any) -> None:
        m.n = m.n + 1
        setattr(m, name, new(m.n))

    return change


plus = set_n(lambda n: n + 1)


@pytest.mark.filterwarnings("ignore:.*traced")
@pytest.mark.parametrize(
    ("n", "change"),
    [
        (2**53, plus),
        (2**63 - 3, plus),
        (1, set_n(lambda n: n * 2**20)),
        (3, set_n(lambda n: n * n)),
        (-7, set_n(lambda n: n // 2)),
        (7, set_n(lambda n: n // -2 + 5)),
        (-7, set_n(lambda n: n % 3 - 5)),
        (7.5, set_n(lambda n: n % -2.0 + 6)),
        (2, set_n(lambda n: n**2 % 1000)),
        (2, set_n(lambda n: n**-1)),
        (1, set_n(lambda n: n / 2)),
        (-5, set_n(lambda n: abs(n) - 7)),
        (-5, set_n(lambda n: ~n & 6 | 1 ^ n)),
        (5, set_n(lambda n: (n << 1) ^ 3)),
        (0.0, set_n(lambda n: -n)),
        (False, set_n(lambda n: not n)),
        (1.5, set_n(lambda n: None if n is None or n > 4 else n * 2)),
        (0, put("rate", lambda n: 0.1 / n)),
        (0, put("rate", lambda n: n**0.5)),
        (0, put("rate", lambda n: n > 3)),
        (0, put("rate", lambda n: (n > 3) + 1)),
        (0, put("other", lambda n: [n, n * 2])),
        (0, put("other", lambda n: {"n": n})),
        (0, put("other", lambda n: {n: "a"})),
        (0, put("text", repr)),
        (0, put("text", lambda n: {2: "two"}.get(n))),
        (0, put("other", g.tensor)),
    ],
)
@pytest.mark.parametrize("use", [lambda m, x: x, lambda m, x: (x, m.n), lambda m, x: m.n])
def test_it_is_the_number_that_python_has(n: Any, change: Any, use: Any) -> None:
    changing(n, change, use)


@pytest.mark.filterwarnings("ignore:.*traced")
@pytest.mark.parametrize(
    "use",
    [
        lambda m, x: x * 2**m.n,
        lambda m, x: x * 2**-m.n,
        lambda m, x: x if isinstance(m.n, int) else -x,
        lambda m, x: x if type(m.n) is int else -x,
        lambda m, x: x * g.arange(10)[m.n],
        lambda m, x: (g.arange(2) * m.n, g.arange(2) / m.n, (x > 0) * m.n),
        lambda m, x: m.n > 2 and x,
    ],
)
def test_it_is_used_as_that_number(use: Any) -> None:
    changing(0, plus, use)


@pytest.mark.filterwarnings("ignore:.*traced")
def test_a_row_by_number_is_a_view() -> None:
    def run(compiled: Any) -> Any:
        m = SimpleNamespace(n=0, rows=g.zeros(3, 2))

        def step(x: Any) -> Any:
            m.rows[m.n % 3] += x
            m.rows[m.n % 3].mul_(2)
            m.n += 1
            return m.rows.sum()

        step = compiled(step)
        return [step(g.ones(2) * i).item() for i in range(5)]

    assert run(g.compile) == run(lambda step: step)


@pytest.mark.filterwarnings("ignore:.*traced")
def test_many_steps_may_not_make_an_integer_too_large() -> None:
    m = SimpleNamespace(n=1)

    @g.compile
    def step(x: Any) -> Any:
        m.n = m.n * 3
        return x

    step.repeat(50, g.ones(50))
    assert m.n == 3**50


def test_an_error_in_one_call_does_not_make_others_slow() -> None:
    m = SimpleNamespace(n=0)

    @g.compile
    def step(x: Any) -> Any:
        m.n += 1
        return x @ g.ones(2, 2) * m.n

    step(g.ones(2))
    with pytest.raises(RuntimeError):
        step(g.ones(3))
    assert m.n == 1
    step(g.ones(2))
    step(g.ones(2))
    assert m.n == 3
    assert step.history == ["first call", "other types or settings"]


@pytest.mark.filterwarnings("ignore:.*traced")
def test_a_number_that_is_looked_at_before_it_changes_is_seen_when_set_outside() -> None:
    m = SimpleNamespace(n=1)

    @g.compile
    def step(x: Any) -> Any:
        y = x if m.n else -x
        m.n += 1
        return y

    assert [step(g.tensor(1.0)).item(), step(g.tensor(1.0)).item()] == [1, 1]
    m.n = 0
    assert step(g.tensor(1.0)).item() == -1
