"""Items that are left to whoever is free: the same numbers, whoever that is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gradatim as g


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = g.get_num_threads()
    yield
    g.set_num_threads(before)


def rows_in_place(steps: int) -> Any:
    """Steps of long nests, each of which changes what the next one reads."""
    g.manual_seed(3)
    x, y = g.randn(1200, 64), g.randn(1200, 256)
    w, v = g.randn(64, 256) / 8, g.randn(256, 64) / 16

    @g.compile
    def step() -> Any:
        y.add_((x @ w).tanh())
        x.mul_(0.5).add_((y @ v).tanh())
        return (x * x).mean()

    losses = step.repeat(steps)
    return losses.numpy().tobytes() + x.numpy().tobytes() + y.numpy().tobytes()


def test_whoever_does_an_item_the_result_is_the_same() -> None:
    found = []
    for workers in (1, 2, 3, 5, 2):
        g.set_num_threads(workers)
        found.append(rows_in_place(30))
    assert [f == found[0] for f in found] == [True] * 5


def test_programs_take_turns_with_the_workers() -> None:
    g.set_num_threads(2)
    short = g.compile(lambda x: (x @ x).tanh())
    long = g.compile(lambda x: ((((x @ x).tanh() @ x).tanh() @ x).tanh() @ x).tanh())
    x = g.randn(256, 256) / 20
    expected = short(x).numpy().copy(), long(x).numpy().copy()
    for _ in range(30):
        for program, right in zip((short, long), expected, strict=True):
            np.testing.assert_array_equal(program(x).numpy(), right)
