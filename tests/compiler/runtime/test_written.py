"""What a compiled step writes counts as written at that step, whoever writes it besides."""

from __future__ import annotations

import pytest

import gradatim
from gradatim.core.errors import AutogradError


def doubling(*tensors):
    def step():
        for x in tensors:
            x.mul_(2)

    return gradatim.compile(step)


def saved(x):
    """A gradient's way back that needs `x` as it is now."""
    w = gradatim.tensor([1.0, 2.0], requires_grad=True)
    return (w * x).sum()


def is_stale(loss):
    try:
        loss.backward()
    except AutogradError as error:
        return "overwritten in place" in str(error)
    return False


@pytest.fixture
def pair():
    return gradatim.tensor([1.0, 2.0]), gradatim.tensor([3.0, 4.0])


def test_every_step_makes_what_was_saved_before_it_stale(pair):
    step = doubling(*pair)
    for _ in range(3):
        losses = [saved(x) for x in pair]
        step()
        assert all(map(is_stale, losses))
    assert not any(is_stale(saved(x)) for x in pair)


def test_a_write_from_elsewhere_is_one_of_that_tensor_alone(pair):
    a, b = pair
    step = doubling(a, b)
    step()
    of_a, of_b = saved(a), saved(b)
    a.add_(1)
    assert is_stale(of_a)
    assert not is_stale(of_b)


def test_a_tensor_written_from_elsewhere_is_marked_by_the_next_step_again(pair):
    a, b = pair
    step = doubling(a, b)
    step()
    a.add_(1)
    losses = [saved(a), saved(b)]
    step()
    assert all(map(is_stale, losses))


def test_two_programs_that_write_the_same_tensor_in_turns(pair):
    a, b = pair
    both, one = doubling(a, b), doubling(a)
    for _ in range(2):
        both()
        of_a, of_b = saved(a), saved(b)
        one()
        assert is_stale(of_a)
        assert not is_stale(of_b)
        of_a, of_b = saved(a), saved(b)
        both()
        assert is_stale(of_a)
        assert is_stale(of_b)


def test_a_trace_marks_nothing(pair):
    a, b = pair
    step = doubling(a, b)
    step()
    loss = saved(a)
    doubling(a).explain()
    assert not is_stale(loss)
    loss = saved(a)
    step()
    assert is_stale(loss)


def test_what_is_saved_between_two_steps_of_repeat_and_of_a_call(pair):
    a, _ = pair
    step = doubling(a)
    step.repeat(3)
    loss = saved(a)
    step.repeat(1)
    assert is_stale(loss)
