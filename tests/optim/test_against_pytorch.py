"""Trajectories of optimisers and schedules, held against PyTorch's stored ones."""

import numpy as np
import pytest

import gradatim
from tests.reference.nn_answers import answers, cases
from tests.reference.nn_cases import by_closure, rates, trajectory


@pytest.mark.parametrize("expression", cases("optimisers"))
def test_twelve_steps_go_where_pytorchs_go(expression):
    ours, theirs = trajectory(expression, gradatim), answers("optimisers")[expression]
    for mine, other in zip(ours, theirs, strict=True):
        for p, q in zip(mine, other, strict=True):
            np.testing.assert_allclose(p, q, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("expression", cases("closures"))
def test_five_steps_with_a_closure_go_where_pytorchs_go_with_as_many_calls(expression):
    ours, theirs = by_closure(expression, gradatim), answers("closures")[expression]
    for (loss, ps, calls), (other, qs, theirs_calls) in zip(ours, theirs, strict=True):
        assert calls == theirs_calls
        assert loss == pytest.approx(other, rel=2e-5)
        for p, q in zip(ps, qs, strict=True):
            np.testing.assert_allclose(p, q, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("expression", cases("schedules"))
def test_nineteen_rates_and_momenta_are_pytorchs(expression):
    ours, theirs = rates(expression, gradatim), answers("schedules")[expression]
    np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("expression", cases("schedules of Adam"))
def test_cycles_move_the_first_beta_of_adam(expression):
    ours, theirs = rates(expression, gradatim, "Adam"), answers("schedules of Adam")[expression]
    np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-12)
