"""What a stranger to the compiler stumbled over: each once, against the plain run."""

from __future__ import annotations

import numpy as np
import pytest

import gradatim
from gradatim import Tensor
from gradatim.compiler import engine

pytestmark = pytest.mark.skipif(
    engine.available() is not None, reason="no machine code can be made here"
)


def test_numbers_are_drawn_into_and_like_what_the_function_made() -> None:
    def noisy(x: Tensor) -> tuple[Tensor, ...]:
        y = x * 2
        return (
            gradatim.rand_like(y),
            gradatim.randn_like(y),
            y.clone().normal_(),
            y.clone().uniform_(-1, 1),
            gradatim.randint_like(y, 9),
            gradatim.zeros(6).bernoulli_(0.4),
        )

    x = gradatim.ones(3, 4)
    gradatim.manual_seed(5)
    expected = noisy(x)
    gradatim.manual_seed(5)
    found = gradatim.compile(noisy)(x)
    for a, b in zip(expected, found, strict=True):
        assert np.array_equal(a.numpy(), b.numpy())


def test_integers_to_a_float_power_are_floats() -> None:
    x = gradatim.arange(4)
    assert (x**2.0).dtype == gradatim.float32
    assert (x**2).dtype == gradatim.int64
    found = gradatim.compile(lambda x, power: x**power)(x, 2.0)
    assert found.dtype == gradatim.float32
    assert found.tolist() == (x**2.0).tolist()
