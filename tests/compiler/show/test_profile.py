"""`profile`: every nest has a time beside the machine's limits, and nothing is changed by it."""

import numpy as np
import pytest

import gradatim
from gradatim.compiler.machine import engine
from gradatim.compiler.program.program import Program
from gradatim.compiler.show.peak import Peaks, measured
from gradatim.compiler.show.profile import Timing
from gradatim.core.errors import ArgumentError

pytestmark = pytest.mark.skipif(engine.available() is not None, reason="needs LLVM")


def test_operations_and_bytes_of_a_product_and_what_follows():
    program = Program(lambda x, w: (x @ w).exp())
    found = program.profile(gradatim.ones(64, 32), gradatim.ones(32, 16), steps=3)
    t = found.timings[-1]
    assert t.nest == 1
    assert t.flops == 2 * 64 * 32 * 16 + 64 * 16
    assert t.bytes == 4 * (64 * 32 + 32 * 16 + 64 * 16)
    assert 0 < t.seconds < 1
    assert found.seconds > 0
    assert found.steps == 3


def test_a_table_counts_by_the_rows_that_are_read():
    table = gradatim.ones(10_000, 8)
    program = Program(lambda i: table[i] * 2)
    found = program.profile(gradatim.arange(5), steps=1)
    assert found.timings[-1].bytes == 5 * 8 + 2 * 5 * 8 * 4


def test_state_gradients_and_generators_are_as_before():
    w = gradatim.ones(3, requires_grad=True)

    def step(x):
        loss = ((w * x) ** 2).sum()
        loss.backward()
        with gradatim.no_grad():
            w.sub_(w.grad * gradatim.rand(3))
        return loss

    program, x = Program(step), gradatim.ones(3)
    program(x)
    before, state, grad = w.detach().clone(), gradatim.get_rng_state(), w.grad
    program.profile(x, steps=20)
    assert w.detach().equal(before)
    assert w.grad is grad
    assert gradatim.get_rng_state().equal(state)


def test_memory_with_gaps_is_left_alone_too():
    whole = gradatim.ones(4, 6)
    part = whole[:, ::2]
    program = Program(lambda: part.mul_(2))
    program.profile(steps=2)
    assert whole.equal(gradatim.ones(4, 6))


def test_a_step_that_raises_is_undone():
    table, count = gradatim.ones(4), gradatim.zeros(1)

    def step(i):
        count.add_(1)
        return table[i]

    with pytest.raises(IndexError):
        Program(step).profile(gradatim.tensor([9]))
    assert count.item() == 0


def test_what_numpy_does_is_timed_with_the_rest():
    program = Program(lambda x: gradatim.searchsorted(x, x.exp()) * 2)
    found = program.profile(gradatim.ones(1000), steps=2)
    names = [t.what for t in found.timings]
    assert any(name.startswith("NumPy: searchsorted") for name in names)
    assert all(t.seconds > 0 for t in found.timings if t.what.startswith("NumPy"))


def test_the_table_has_a_line_for_each_function_and_one_for_all():
    found = Program(lambda x: (x * 2).sum(0)).profile(gradatim.ones(300, 200))
    lines = str(found).splitlines()
    assert lines[0].startswith("<lambda>: ")
    assert lines[1].startswith("one core at its best: GFLOP/s ")
    assert len(lines) == 5 + len(found.timings)
    assert lines[-1].split()[0] == "all"
    assert "100.0%" in lines[-1]


def test_a_tiny_product_is_not_faster_than_the_machine():
    w = gradatim.ones(3, 4, requires_grad=True)

    def step(x, y):
        loss = ((x @ w).tanh() - y).square().mean()
        loss.backward()
        return loss

    found = Program(step).profile(gradatim.ones(8, 3), gradatim.ones(8, 4))
    assert all(t.gflops < 1e-9 * found.peaks.flops["float32"] for t in found.timings)


def test_all_together_is_the_sum():
    x, w = gradatim.ones(64, 32), gradatim.ones(32, 16)
    found = Program(lambda x, w: (x @ w).exp().cumsum(0)).profile(x, w, steps=3)
    assert len(found.timings) > 1
    assert found.total.seconds == sum(t.seconds for t in found.timings)
    assert found.total.flops == sum(t.flops for t in found.timings) > 2 * 64 * 32 * 16


@pytest.mark.parametrize("steps", [0, -1, True])
def test_a_number_of_steps_below_one_is_refused(steps):
    with pytest.raises(ArgumentError, match="a whole number of steps, at least 1"):
        Program(lambda x: x * 2).profile(gradatim.ones(3), steps=steps)


def test_the_nearer_limit_counts():
    peaks = Peaks(1e-9, {"float32": 100e9}, ((1000, 10e9),))
    assert Timing(1, "", 1e-6, 50_000, 1_000).fraction(peaks) == pytest.approx(0.5)
    assert Timing(1, "", 1e-6, 50_000, 8_000).fraction(peaks) == pytest.approx(0.8)


def test_the_core_is_measured_beside_each_profile():
    program = Program(lambda x: x * 2)
    first, second = (program.profile(gradatim.ones(1000), steps=2).peaks for _ in range(2))
    assert first.flops != second.flops
    assert first.bandwidths == second.bandwidths
    assert 1e9 < first.flops["float32"] < 1e13


def test_the_machine_is_measured_once_and_makes_sense():
    peaks = measured()
    assert measured() is peaks
    assert 1e9 < peaks.flops["float64"] < peaks.flops["float32"] < 1e13
    assert np.all(np.array([rate for _, rate in peaks.bandwidths]) > 1e8)
    assert 1e-11 < peaks.tick < 1e-6
