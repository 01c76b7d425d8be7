"""Activations that are x times a gate, whose slope comes from the result if that is still there."""

import math

import numpy as np
import pytest

import gradatim as g
from gradatim.nn import functional as F

GATED = {
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "mish": F.mish,
}
HALF = {"gelu": 0.5, "gelu_tanh": 0.5, "silu": 0.5, "mish": math.tanh(math.log(2))}


def slope(f, numbers, spoil=None):
    x = g.tensor(numbers, requires_grad=True)
    y = f(x)
    if spoil is not None:
        spoil(y)
    y.sum().backward()
    return x.grad.numpy()


@pytest.mark.parametrize("name", GATED)
def test_the_slope_is_the_same_if_the_result_was_overwritten(name):
    numbers = np.random.default_rng(0).normal(size=40_001).astype(np.float32) * 3
    exact = slope(GATED[name], numbers.astype(np.float64))
    kept = slope(GATED[name], numbers)
    np.testing.assert_array_equal(slope(GATED[name], numbers, lambda y: y.add_(1.0)), kept)
    np.testing.assert_allclose(kept, exact, rtol=1e-5, atol=4e-6)


@pytest.mark.parametrize("name", GATED)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_slope_at_0_and_far_out(name, dtype):
    found = slope(GATED[name], np.array([0.0, -0.0, 15.0, -150.0, np.nan], dtype))
    np.testing.assert_allclose(found[:4], [HALF[name], HALF[name], 1.0, 0.0], rtol=1e-4, atol=1e-37)
    assert np.isnan(found[4])


@pytest.mark.parametrize("name", GATED)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_slope_of_numbers_of_few_digits_is_that_at_0(name, dtype):
    smallest = np.finfo(dtype).smallest_subnormal
    numbers = np.array([smallest, -smallest, -3 * smallest, 1e5 * smallest, 1, np.nan], dtype)
    found = slope(GATED[name], numbers)
    np.testing.assert_allclose(found[:4], HALF[name], rtol=1e-6)
    assert found[4] > 0.9
    assert np.isnan(found[5])


@pytest.mark.parametrize("name", GATED)
@pytest.mark.parametrize("way", [lambda f: f, g.compile])
def test_the_slope_of_huge_numbers_is_0_or_1(name, way):
    x = g.tensor([1e14, -1e14, 1e19, -1e19], requires_grad=True)
    found = way(lambda x: g.autograd.grad(GATED[name](x).sum(), x)[0])(x)
    np.testing.assert_array_equal(found.numpy(), [1, 0, 1, 0])


@pytest.mark.parametrize("name", GATED)
def test_a_compiled_slope_is_the_eager_one(name):
    numbers = np.linspace(-6, 6, 101)
    compiled = g.compile(lambda x: g.autograd.grad(GATED[name](x).sum(), x)[0])
    found = compiled(g.tensor(numbers, requires_grad=True)).numpy()
    np.testing.assert_allclose(found, slope(GATED[name], numbers), rtol=1e-12, atol=1e-12)
