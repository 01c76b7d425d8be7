"""Universal approximation: wide and deep networks that keep to a requested error."""

import math
import random
from fractions import Fraction

import pytest

from gradatim.scalar import (
    MLP,
    deep_network,
    hinge_network,
    segments_for,
    shallow_network,
    train_output_layer,
    worst_error,
)

CURVATURE = (2 * math.pi) ** 2
WIDTHS = {0.1: 8, 0.01: 23, 0.001: 71}


def wave(x):
    return math.sin(2 * math.pi * x)


@pytest.mark.parametrize(("error", "width"), WIDTHS.items())
def test_the_width_follows_from_the_error(error, width):
    assert segments_for(error, curvature=CURVATURE) == width
    net = shallow_network(wave, width)
    assert repr(net) == f"MLP(1, [{width}, 1], activation='relu', last='linear')"
    assert worst_error(net, wave, points=500) <= error


@pytest.mark.parametrize(("error", "width"), WIDTHS.items())
def test_the_width_is_not_far_too_large(error, width):
    assert (
        worst_error(shallow_network(wave, width - 1), wave, points=20 * (width - 1)) > 0.9 * error
    )


def test_other_curves_and_other_ends():
    n = segments_for(0.02, curvature=math.e, low=-2.0, high=1.0)
    net = shallow_network(math.exp, n, -2.0, 1.0)
    assert worst_error(net, math.exp, -2.0, 1.0) <= 0.02
    deep = deep_network(math.exp, n, -2.0, 1.0)
    assert worst_error(deep, math.exp, -2.0, 1.0) <= 0.02


def test_a_straight_line_needs_one_segment():
    assert segments_for(1e-9, curvature=0.0) == 1
    assert worst_error(shallow_network(lambda x: 3 * x - 1, 1), lambda x: 3 * x - 1) < 1e-12


def test_no_network_is_exact():
    with pytest.raises(ValueError, match="the error must be larger than 0, got 0"):
        segments_for(0.0, curvature=1.0)


@pytest.mark.parametrize("width", WIDTHS.values())
def test_the_deep_network_has_four_units_in_every_layer(width):
    net = deep_network(wave, width)
    assert [len(layer.neurons) for layer in net.layers] == [4] * width + [1]
    assert isinstance(net, MLP)


def exactly(net, x: Fraction) -> Fraction:
    """Compute a network with a linear output in exact arithmetic, from its parameters."""
    values = [x]
    for layer in net.layers:
        values = [
            sum(
                (Fraction(w.data) * v for w, v in zip(neuron.w, values, strict=True)),
                Fraction(neuron.b.data),
            )
            for neuron in layer.neurons
        ]
        if layer is not net.layers[-1]:
            values = [max(v, Fraction(0)) for v in values]
    return values[0]


@pytest.mark.parametrize("width", [1, 8, 23, 71])
def test_wide_and_deep_are_the_same_function_exactly(width):
    wide, deep = shallow_network(wave, width), deep_network(wave, width)
    for x in [Fraction(0), Fraction(1, 3), Fraction(5, 7), Fraction(1), Fraction(9, 4)]:
        assert exactly(wide, x) == exactly(deep, x)


def test_the_deep_network_in_floats():
    wide, deep = shallow_network(wave, 23), deep_network(wave, 23)
    for i in range(40):
        assert deep(i / 39).data == pytest.approx(wide(i / 39).data, abs=1e-12)


def trained(width, steps):
    net = hinge_network(width, rng=random.Random(0))
    before = worst_error(net, wave, points=200)
    points = 2 * width
    samples = [([i / points], wave(i / points)) for i in range(points + 1)]
    train_output_layer(net, samples, steps=steps)
    return before, worst_error(net, wave, points=500)


@pytest.mark.parametrize(("error", "steps"), [(0.1, 12), (0.01, 40)])
def test_training_reaches_the_error_at_that_width(error, steps):
    before, after = trained(WIDTHS[error], steps)
    assert before > 0.3
    assert after <= error


@pytest.mark.proof
def test_training_reaches_a_thousandth_with_71_units():
    assert trained(71, 160)[1] <= 0.001


def test_training_stops_when_nothing_is_left_to_gain():
    net = hinge_network(4, rng=random.Random(0))
    samples = [([i / 4], wave(i / 4)) for i in range(5)]
    train_output_layer(net, samples, steps=500)
    assert all(math.isfinite(p.data) for p in net.parameters())
    assert max(abs(net(x).data - y) for x, y in samples) < 1e-9


def test_no_segments_are_refused_by_both_networks():
    for network in (shallow_network, deep_network):
        with pytest.raises(ValueError, match="must be at least 1, got 0"):
            network(math.sin, 0)
