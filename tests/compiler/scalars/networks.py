"""Networks of Values and their training step, for the tests of compiled functions of Values."""

import math
import random

import pytest

from gradatim.scalar import MLP, four_samples

RATE = 0.01


def network(activation="tanh", last=None, seed=1):
    return MLP(3, [4, 4, 1], activation, last, rng=random.Random(seed))


def training_step(net, square=lambda error: error * error):
    """The whole step of session 1."""
    samples = list(zip(*four_samples(), strict=True))

    def step():
        loss = sum(square(net(x) - y) for x, y in samples)
        net.zero_grad()
        loss.backward()
        for p in net.parameters():
            p.data -= RATE * p.grad
        return loss

    return step


def numbers(net):
    return [(p.data, p.grad) for p in net.parameters()]


def bits(numbers):
    return [x.hex() for pair in numbers for x in pair]


def same(ours, python, rel=0.0):
    """Equal numbers; nan is nan, and a zero has its sign."""
    for x, y in ((ours.data, python.data), (ours.grad, python.grad)):
        assert x == pytest.approx(y, rel=rel, abs=0.0, nan_ok=True)
        assert x != 0.0 or math.copysign(1.0, x) == math.copysign(1.0, y)
