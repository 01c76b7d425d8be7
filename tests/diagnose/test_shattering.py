"""The derivative along a line, and how alike it is to itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradatim
from gradatim import diagnose, nn
from gradatim.core.errors import ArgumentError


def test_the_derivative_is_that_along_the_line():
    model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2)).double()
    start, end = np.array([0.0, 1.0, -1.0]), np.array([2.0, 0.0, 1.0])
    found = diagnose.shattering(model, start, end, points=2001)
    line = gradatim.from_numpy(start + found.t[:, None] * (end - start))
    y = np.asarray(model(line).detach())[:, 0]
    np.testing.assert_allclose(found.derivative, np.gradient(y, found.t), atol=2e-3)


def test_a_deep_plain_network_is_more_shattered_than_a_shallow_one():
    def halves(depth):
        found = []
        for seed in range(5):
            gradatim.manual_seed(seed)
            parts = [nn.Linear(1, 100)]
            for _ in range(depth):
                parts += [nn.ReLU(), nn.Linear(100, 100)]
            for part in parts:
                if isinstance(part, nn.Linear):
                    nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
            found.append(diagnose.shattering(nn.Sequential(*parts), [-2.0], [2.0]).half())
        return np.mean(found)

    assert halves(30) < 0.5 * halves(1)


def test_autocorrelation_of_noise_falls_at_once_and_of_a_walk_slowly():
    noise = np.random.default_rng(0).standard_normal(4000)
    assert abs(diagnose.autocorrelation(noise)[1]) < 0.1
    assert diagnose.autocorrelation(noise.cumsum())[1] > 0.9


@settings(deadline=None, derandomize=True)
@given(st.lists(st.floats(-1e30, 1e30), min_size=4, max_size=40))
def test_autocorrelation_is_one_at_zero_and_never_beyond(series):
    found = diagnose.autocorrelation(series)
    assert found[0] == pytest.approx(1.0)
    assert (np.abs(found) <= 1 + 1e-9).all()


def test_a_constant_is_alike_to_itself():
    assert diagnose.autocorrelation([3.0] * 8).tolist() == [1.0, 1.0]
    assert diagnose.shattering(lambda x: 2 * x, [0.0], [1.0]).half() > 0.2


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: diagnose.shattering(abs, [0.0], [1.0, 2.0]), r"one shape, got \[1\] and \[2\]"),
        (lambda: diagnose.shattering(abs, [0], [1]), "no line between integer inputs"),
        (lambda: diagnose.shattering(abs, [0.0], [1.0], points=3), "at least 4 points, got 3"),
        (lambda: diagnose.autocorrelation([1.0, 2.0], lags=3), "1 to 2 lags"),
    ],
)
def test_bad_arguments(call, says):
    with pytest.raises(ArgumentError, match=says):
        call()


def test_a_series_that_is_not_finite_is_not_alike_to_itself():
    assert np.isnan(diagnose.autocorrelation([1.0, np.nan, 2.0, 3.0], lags=2)).all()


@pytest.mark.parametrize(
    ("function", "gave"),
    [
        (lambda x: {"logits": x}, "dict"),
        (lambda x: x.sum(), r"shape \[\]"),
        (lambda x: 3.0, "float"),
        (lambda x: (), "tuple"),
        (lambda x: x[:2], r"shape \[2, 1\]"),
    ],
)
def test_says_what_a_function_must_give(function, gave):
    with pytest.raises(ArgumentError, match=rf"shape \[256, \.\.\.\], but gave {gave}; wrap it"):
        diagnose.shattering(function, [0.0], [1.0])
