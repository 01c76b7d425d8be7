"""Universal approximation: a wide enough, or a deep enough, network approximates any curve.

A curve is approximated by straight segments between points on it. With segments of length s the
error is at most max|f''| s^2 / 8, so the tolerated error determines the number of segments.

Wide: one hidden layer. A ReLU unit relu(x - k) is flat up to the knot k and rises after it, so one
unit per segment can bend the line at each knot.

Deep: four units per layer, however fine the approximation. One carries x, one is the hinge
relu(x - k), and two sum the contributions of the hinges so far, upward and downward. None of the
four is ever negative, so ReLU leaves them unchanged: the stack computes exactly the same function.

Sources: for width Cybenko 1989 and Hornik 1991; for depth Kidger and Lyons, "Universal
Approximation with Deep Narrow Networks", 2020: d + D + 2 units per layer for d inputs and D
outputs, here 4.

>>> wave = lambda x: math.sin(2 * math.pi * x)
>>> [segments_for(error, curvature=(2 * math.pi) ** 2) for error in (0.1, 0.01, 0.001)]
[8, 23, 71]
>>> wide, deep = shallow_network(wave, 8), deep_network(wave, 8)
>>> wide
MLP(1, [8, 1], activation='relu', last='linear')
>>> deep
MLP(1, [4, 4, 4, 4, 4, 4, 4, 4, 1], activation='relu', last='linear')
>>> worst_error(wide, wave) < 0.1, worst_error(deep, wave) < 0.1
(True, True)
"""

import itertools
import math
import operator
import random
from collections.abc import Callable, Sequence

from .network import MLP, Layer, Neuron
from .samples import Sample
from .training import squared_error

__all__ = [
    "deep_network",
    "hinge_network",
    "segments_for",
    "shallow_network",
    "train_output_layer",
    "worst_error",
]

Curve = Callable[[float], float]


def segments_for(error: float, *, curvature: float, low: float = 0.0, high: float = 1.0) -> int:
    """Return the number of equal segments for an error: (high - low) sqrt(curvature / (8 error)).

    `curvature` is the maximum of |f''| from `low` to `high`.
    """
    if error <= 0.0:
        raise ValueError(f"the error must be larger than 0, got {error}: no network is exact")
    return max(1, math.ceil((high - low) * math.sqrt(curvature / (8.0 * error))))


def hinge_network(
    segments: int, low: float = 0.0, high: float = 1.0, *, rng: random.Random | None = None
) -> MLP:
    """Return MLP(1, [segments, 1]) with hidden units relu(x - k) at evenly spaced knots.

    Its output layer is random, for `train_output_layer`.
    """
    net = MLP(1, [segments, 1], activation="relu", last="linear", rng=rng or random)
    knots = _even(segments, low, high)[:-1]
    for unit, knot in zip(net.layers[0].neurons, knots, strict=True):
        _set(unit, [1.0], -knot)
    return net


def shallow_network(f: Curve, segments: int, low: float = 0.0, high: float = 1.0) -> MLP:
    """Return a network of one hidden layer that approximates f by equal segments, one per unit.

    It computes f(low) + sum of bend_i relu(x - knot_i); a bend is the change of slope at a knot.
    """
    net = hinge_network(segments, low, high)
    _set(net.layers[1].neurons[0], _bends(f, segments, low, high), f(low))
    return net


def deep_network(f: Curve, segments: int, low: float = 0.0, high: float = 1.0) -> MLP:
    """Return a network of 4 units per hidden layer that approximates f by one segment per layer.

    Layer i holds x - low, hinge i, and the sums of the upward and downward bends before it. The
    network equals `shallow_network(f, segments, low, high)` for every x >= `low`.
    """
    net = MLP(1, [4] * segments + [1], activation="relu", last="linear")
    knots, bends = _even(segments, low, high), _bends(f, segments, low, high)
    first, *others, last = net.layers
    for unit, weight in zip(first.neurons, [1.0, 1.0, 0.0, 0.0], strict=True):
        _set(unit, [weight], -low * weight)
    for layer, knot, bend in zip(others, knots[1:-1], bends[:-1], strict=True):
        position, hinge, up, down = layer.neurons
        _set(position, [1.0, 0.0, 0.0, 0.0], 0.0)
        _set(hinge, [1.0, 0.0, 0.0, 0.0], low - knot)
        _set(up, [0.0, max(bend, 0.0), 1.0, 0.0], 0.0)
        _set(down, [0.0, max(-bend, 0.0), 0.0, 1.0], 0.0)
    _set(last.neurons[0], [0.0, bends[-1], 1.0, -1.0], f(low))
    return net


def worst_error(
    net: MLP, f: Curve, low: float = 0.0, high: float = 1.0, *, points: int = 1000
) -> float:
    """Return max |net(x) - f(x)| over evenly spaced points."""
    return max(abs(net(x).data - f(x)) for x in _even(points, low, high))


def train_output_layer(net: MLP, samples: Sequence[Sample], *, steps: int) -> None:
    """Train the last layer, which must be linear, by conjugate gradients on the squared error.

    In the weights of a linear layer the loss is a quadratic bowl, here an ill-conditioned one: a
    long narrow valley, along which plain gradient descent creeps. Conjugate gradients also need one
    `backward()` per step, but choose each direction so that it undoes no earlier progress. Source:
    Hestenes and Stiefel 1952.

    >>> net = hinge_network(8, rng=random.Random(0))
    >>> wave = lambda x: math.sin(2 * math.pi * x)
    >>> train_output_layer(net, [([i / 16], wave(i / 16)) for i in range(17)], steps=20)
    >>> worst_error(net, wave) < 0.1
    True
    """
    *hidden, last = net.layers
    features = [(_outputs(hidden, x), y) for x, y in samples]  # constant during training
    parameters = last.parameters()

    def gradient_at(point: Sequence[float]) -> list[float]:
        for p, number in zip(parameters, point, strict=True):
            p.data = number
        last.zero_grad()
        squared_error(last, features).backward()
        return [p.grad for p in parameters]

    w = [p.data for p in parameters]
    at_zero = gradient_at([0.0] * len(w))  # gradient(w) = at_zero + H w
    residual = [-g for g in gradient_at(w)]
    direction = residual
    for _ in range(steps):
        curved = _add(gradient_at(direction), -1.0, at_zero)  # H direction
        size = _dot(residual, residual)
        if size < 1e-24:
            break
        rate = size / _dot(direction, curved)
        w = _add(w, rate, direction)
        residual = _add(residual, -rate, curved)
        direction = _add(residual, _dot(residual, residual) / size, direction)
    for p, number in zip(parameters, w, strict=True):
        p.data = number


def _even(segments: int, low: float, high: float) -> list[float]:
    """Return the ends of equal segments: segments + 1 numbers from low to high."""
    if segments < 1:
        raise ValueError(f"the number of segments must be at least 1, got {segments}")
    return [low + (high - low) * i / segments for i in range(segments + 1)]


def _bends(f: Curve, segments: int, low: float, high: float) -> list[float]:
    """Return the slope of the first segment, then the change of slope at each inner knot."""
    heights = [f(x) for x in _even(segments, low, high)]
    width = (high - low) / segments
    slopes = [(b - a) / width for a, b in itertools.pairwise(heights)]
    return [b - a for a, b in itertools.pairwise([0.0, *slopes])]


def _set(neuron: Neuron, weights: Sequence[float], bias: float) -> None:
    for p, number in zip(neuron.parameters(), [*weights, bias], strict=True):
        p.data = number


def _outputs(layers: Sequence[Layer], x: list[float]) -> list[float]:
    """Return the output of the layers for x, as plain numbers."""
    for layer in layers:
        values = layer(x)
        x = [v.data for v in (values if isinstance(values, list) else [values])]
    return x


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(map(operator.mul, a, b))


def _add(a: Sequence[float], rate: float, b: Sequence[float]) -> list[float]:
    """Return a + rate * b."""
    return [x + rate * y for x, y in zip(a, b, strict=True)]
