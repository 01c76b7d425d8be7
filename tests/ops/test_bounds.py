"""Bounds by a number: `clip` on large arrays gives what `np.maximum` and `np.minimum` give."""

from __future__ import annotations

import numpy as np
import pytest

import gradatim as g

SPECIAL = [np.nan, np.inf, -np.inf, 0.0, 1.0, -1.0]


def numbers(n: int, dtype: str) -> np.ndarray:
    x = np.random.default_rng(0).normal(size=n).astype(dtype)
    x[: len(SPECIAL)] = SPECIAL
    return x


@pytest.mark.parametrize("n", [20, 5000])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bounds_of_small_and_large_arrays(n: int, dtype: str) -> None:
    x = numbers(n, dtype)
    t = g.from_numpy(x)
    for got, want in (
        (t.relu(), np.maximum(x, 0)),
        (t.clamp(min=-0.5), np.maximum(x, -0.5)),
        (t.clamp(max=0.5), np.minimum(x, 0.5)),
        (t.clamp(-0.5, 0.5), np.clip(x, -0.5, 0.5)),
        (t.clamp(0.5, -0.5), np.minimum(np.maximum(x, 0.5), -0.5)),
        (t.maximum(g.tensor(0.25, dtype=t.dtype)), np.maximum(x, 0.25)),
        (t.minimum(t.flip(0)), np.minimum(x, x[::-1])),
    ):
        np.testing.assert_array_equal(got.numpy(), want)
        assert got.dtype == t.dtype


def test_bounds_of_large_integer_arrays() -> None:
    x = np.arange(-3000, 3000)
    t = g.from_numpy(x)
    np.testing.assert_array_equal(t.clamp(-1, 2).numpy(), np.clip(x, -1, 2))
    np.testing.assert_array_equal(t.relu().numpy(), np.maximum(x, 0))


@pytest.mark.parametrize("exponent", [-3, -2, -1, -0.5, 0, 0.5, 1, 2, 3, 4, 5, 7.0, 2.5])
def test_powers_by_a_number_with_special_bases(exponent: float) -> None:
    x = np.array([*SPECIAL[:2], 0.0, 1.0, 0.3, 7.5, *([-1.0, -0.3, -2.5] * (exponent % 1 == 0))])
    found = (g.from_numpy(x) ** exponent).numpy()
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(found, np.power(x, exponent), rtol=1e-15)


def test_every_further_derivative_of_a_power_can_be_taken() -> None:
    x = g.tensor([2.0, 0.0, -1.0], requires_grad=True)
    y = x**3
    for want in ([12.0, 0.0, 3.0], [12.0, 0.0, -6.0], [6.0] * 3, [0.0] * 3, [0.0] * 3):
        (y,) = g.autograd.grad(y.sum(), x, create_graph=True)
        assert y.tolist() == want
