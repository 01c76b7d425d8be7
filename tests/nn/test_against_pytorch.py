"""Functions, first weights, texts and whole trainings, held against PyTorch's stored answers."""

import warnings

import numpy as np
import pytest

import gradatim
from tests.reference.nn_answers import answers, cases
from tests.reference.nn_cases import evaluate, text, training, weights


def same(ours, theirs, rtol, atol):
    np.testing.assert_allclose(ours, np.array(theirs, float), rtol=rtol, atol=atol)


@pytest.mark.parametrize("expression", cases("functions"))
def test_functions_have_pytorchs_values_and_gradients_of_both_orders(expression):
    theirs = answers("functions")[expression]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = evaluate(expression, gradatim)
    assert ours["dtype"] == theirs["dtype"]
    same(ours["value"], theirs["value"], 2e-6, 2e-7)
    firsts = theirs.get("first", [])
    for mine, other in zip(ours.get("first", []), firsts, strict=True):
        same(mine, other, 4e-6, 4e-7)
    if theirs.get("second") == "not implemented":
        return
    # Where there is no second gradient, None and zeros say the same.
    seconds = [side.get("second") or [None] * len(firsts) for side in (ours, theirs)]
    for mine, other in zip(*seconds, strict=True):
        same(*(0.0 if v is None else v for v in (mine, other)), 2e-5, 2e-6)


@pytest.mark.parametrize("expression", cases("weights"))
def test_the_same_seed_gives_pytorchs_first_weights(expression):
    ours, theirs = weights(expression, gradatim), answers("weights")[expression]
    assert list(ours["state"]) == list(theirs["state"])
    for name, value in theirs["state"].items():
        same(ours["state"][name], value, 2e-6, 1e-6)
    assert ours["next"] == pytest.approx(theirs["next"], rel=1e-8)  # as many numbers were drawn


@pytest.mark.parametrize("expression", cases("texts"))
def test_modules_read_and_complain_as_in_pytorch(expression):
    ours, theirs = text(expression, gradatim), answers("texts")[expression]
    ours, theirs = ([v] if isinstance(v, str | float) else v for v in (ours, theirs))
    if isinstance(theirs[0], str):
        assert ours == [line.replace("torch.", "gradatim.") for line in theirs]
    else:
        assert ours == pytest.approx(theirs)


@pytest.mark.parametrize("expression", cases("trainings"))
def test_a_training_of_ten_steps_has_pytorchs_losses_and_gradient_norms(expression):
    same(training(expression, gradatim), answers("trainings")[expression], 2e-5, 2e-6)
