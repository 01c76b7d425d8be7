"""Sums of a product that are rounded once, and those that are not."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import gradatim as g
from gradatim.compiler.machine.target import host
from tests.compiler.running import compiled

CASES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "x c + d": (lambda x: x * 0.1 + 0.3, lambda x: x * C + D),
    "d + x c": (lambda x: 0.3 + 0.1 * x, lambda x: x * C + D),
    "x c - d": (lambda x: x * 0.1 - 0.3, lambda x: x * C - D),
    "d - x c": (lambda x: 0.3 - x * 0.1, lambda x: D - x * C),
    "x - x x": (lambda x: x - x * x, lambda x: x - x * x),
}
C, D = (Fraction(float(np.float32(v))) for v in (0.1, 0.3))


@pytest.mark.skipif(not host().has_fma, reason="this machine has no fused multiply-add")
@pytest.mark.parametrize("name", CASES)
def test_a_linear_function_is_rounded_once(name: str) -> None:
    written, exact = CASES[name]
    x = np.random.default_rng(0).standard_normal(200).astype(np.float32)
    found = compiled(written, g.from_numpy(x)).numpy()
    wanted = [float(exact(Fraction(float(v)))) for v in x]
    np.testing.assert_array_equal(found, np.array(wanted, np.float64).astype(np.float32))


def test_equal_products_stay_equal() -> None:
    """Rounded once, a variance of equal numbers might be less than 0, and its root nan."""

    def spread(x: g.Tensor) -> g.Tensor:
        mean = x.mean(1, keepdim=True)
        return (x * x).mean(1, keepdim=True) - mean * mean

    x = g.from_numpy(np.repeat(np.linspace(0.1, 9.7, 64, dtype=np.float32)[:, None], 16, 1))
    assert (compiled(spread, x).numpy() == 0).all()
