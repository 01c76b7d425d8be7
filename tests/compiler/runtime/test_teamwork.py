"""Many short steps on one worker or on all: the faster way, and the same results."""

from collections.abc import Iterator

import numpy as np
import pytest

import gradatim as g
from gradatim.compiler.machine import engine
from gradatim.compiler.runtime.teamwork import Teamwork
from gradatim.nn import functional as F


@pytest.fixture
def threads() -> Iterator[None]:
    """Afterwards there are as many threads as before."""
    before = g.get_num_threads()
    yield
    g.set_num_threads(before)


def ran(
    teamwork: Teamwork, stretches: int, alone: float, together: float, steps: int = 1000
) -> float:
    """The part of the steps that ran together, if a step takes so many microseconds."""
    counts = {False: 0, True: 0}
    for _ in range(stretches):
        count, both = teamwork.choose(steps)
        assert 0 < count <= steps
        teamwork.note((together if both else alone) / 1e6, together=both)
        counts[both] += count
    return counts[True] / sum(counts.values())


def test_steps_run_together_where_that_is_faster():
    assert ran(Teamwork(), 300, alone=25, together=20) > 0.98


def test_steps_run_alone_where_that_is_faster():
    assert ran(Teamwork(), 300, alone=25, together=60) < 0.01


def test_the_way_changes_when_the_machine_does():
    teamwork = Teamwork()
    ran(teamwork, 100, alone=25, together=20)
    assert ran(teamwork, 300, alone=25, together=60) < 0.05
    assert ran(teamwork, 300, alone=25, together=20) > 0.6


def test_few_steps_wake_nobody():
    teamwork = Teamwork()
    ran(teamwork, 100, alone=25, together=20)
    assert ran(teamwork, 100, alone=25, together=20, steps=10) == 0


def train(workers: int) -> list[np.ndarray]:
    """The losses of a small network, its parameters and their gradients."""
    g.set_num_threads(workers)
    rng = np.random.default_rng(3)
    shapes = (120, 30), (120,), (27, 120)
    parameters = [
        g.tensor(rng.standard_normal(s, np.float32) * 0.2, requires_grad=True) for s in shapes
    ]
    optimizer = g.optim.SGD(parameters, lr=0.1)
    x = g.tensor(rng.standard_normal((500, 30), np.float32))
    y = g.tensor(rng.integers(0, 27, 500))
    generator = g.Generator().manual_seed(5)

    def step():
        rows = g.randint(500, (32,), generator=generator)
        hidden = F.linear(x[rows], *parameters[:2]).tanh()
        loss = F.cross_entropy(F.linear(hidden, parameters[2]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    program = g.compile(step)
    if engine.available() is None:
        assert "in `repeat` all" in program.explain(stage="schedule")
    losses = program.repeat(400)
    return [t.detach().numpy() for t in (losses, *parameters, *(p.grad for p in parameters))]


@pytest.mark.usefixtures("threads")
def test_the_results_are_the_same_for_any_number_of_workers(monkeypatch):
    alone = train(1)
    monkeypatch.setattr(Teamwork, "choose", lambda self, count: (count, True))
    for workers in (2, 3):
        for one, other in zip(alone, train(workers), strict=True):
            np.testing.assert_array_equal(one, other)
