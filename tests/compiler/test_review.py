"""What a stranger to the compiler stumbled over: each once, against the plain run."""

from __future__ import annotations

from collections import OrderedDict, defaultdict

import numpy as np
import pytest

import gradatim
from gradatim import Tensor
from gradatim.compiler.errors import TraceError
from gradatim.compiler.machine import engine
from gradatim.core.errors import ArgumentError
from gradatim.scalar import Value

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


def test_a_half_as_the_exponent_is_a_root() -> None:
    x = gradatim.tensor([4.0, -float("inf"), -0.0, -2.0])
    with np.errstate(invalid="ignore"):
        expected = (x**0.5).numpy()
    found = gradatim.compile(lambda x: x**0.5)(x).numpy()
    assert np.array_equal(expected, found, equal_nan=True)
    assert np.signbit(found[2])


def test_dictionaries_of_other_kinds_are_returned_as_they_are() -> None:
    def both(x: Tensor) -> tuple[OrderedDict[str, Tensor], defaultdict[str, list[Tensor]]]:
        found = defaultdict(list, {"b": [x * 3]})
        return OrderedDict(a=x * 2), found

    ordered, default = gradatim.compile(both)(gradatim.ones(2))
    assert type(ordered) is OrderedDict
    assert ordered["a"].tolist() == [2, 2]
    assert default["b"][0].tolist() == [3, 3]
    assert default["c"] == []


@pytest.mark.parametrize(
    "use",
    [
        lambda kept: kept + 1,
        lambda kept: kept[0],
        lambda kept: kept.t() + 1,
        lambda kept: gradatim.nn.functional.linear(gradatim.ones(2, 2), kept, gradatim.ones(2)),
    ],
)
def test_what_was_kept_from_a_trace_says_so_wherever_it_is_used(use) -> None:
    class Kept:
        __slots__ = ("tensor",)

    def keeps(x: Tensor) -> Kept:
        kept = Kept()
        kept.tensor = x * 2
        return kept

    kept = gradatim.compile(keeps)(gradatim.ones(2, 2)).tensor
    with pytest.raises(TraceError, match="made while a compiled function"):
        use(kept)


def test_repeat_of_numbers_asks_for_lists() -> None:
    w = Value(1.0)
    program = gradatim.compile(lambda x: w * x)
    program(2.0)
    with pytest.raises(ArgumentError, match="input 0 has one argument .*, which is not a list"):
        program.repeat(2, gradatim.ones(2))
