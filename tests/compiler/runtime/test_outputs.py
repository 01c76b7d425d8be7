"""Memory that is given out again in a later call, when nobody has it any more."""

import threading
from typing import Any

import numpy as np
import pytest

import gradatim as g


@pytest.mark.parametrize("size", [2, 2000])
def test_what_somebody_has_is_not_written_again(size: int) -> None:
    program: Any = g.compile(lambda x: x * 2)

    def made(i: int) -> Any:
        return program(g.full((size,), float(i)))

    kept = [made(i) for i in range(20)]
    views = [made(i)[:1] for i in range(20)]
    arrays = [made(i).numpy() for i in range(20)]
    parts = [made(i).numpy()[:1] for i in range(20)]
    buffers = [memoryview(made(i).numpy()) for i in range(20)]
    for found in (kept, views, arrays, parts, buffers):
        assert [float(np.asarray(x)[0]) for x in found] == [2.0 * i for i in range(20)]


def test_a_gradient_that_somebody_has_stays_as_it_is() -> None:
    w = g.ones(2, requires_grad=True)

    @g.compile
    def step(x: Any) -> Any:
        w.grad = None
        (w * x).sum().backward()

    kept = []
    for i in range(12):
        step(g.tensor([float(i), 1.0]))
        kept.append(w.grad)
    assert [k.tolist() for k in kept] == [[float(i), 1.0] for i in range(12)]


def test_what_two_threads_are_given_is_not_the_same() -> None:
    program: Any = g.compile(lambda x: x + 1)
    program(g.zeros(3))
    wrong: list[Any] = []

    def work(base: int) -> None:
        kept: list[tuple[float, Any]] = []
        for i in range(400):
            kept = [*kept[-5:], (base + i + 1.0, program(g.full((3,), float(base + i))))]
            wrong.extend(x for number, x in kept if x.tolist() != [number] * 3)

    threads = [threading.Thread(target=work, args=(1000 * k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_an_argument_on_other_memory_or_written_elsewhere_is_noticed() -> None:
    program: Any = g.compile(lambda x: x.add_(1))
    x = g.zeros(3)
    program(x)
    x.data = g.full((3,), 5.0)
    program(x)
    assert x.tolist() == [6, 6, 6]
    x.numpy()[1] = 0
    program(x)
    assert x.tolist() == [7, 1, 7]
    y = g.zeros(6)[::2]
    for _ in range(3):
        program(y)
    assert y.tolist() == [3, 3, 3]
