"""The network with as many linear regions as possible: each layer folds the line once more."""

from __future__ import annotations

import numpy as np

from ..._tensor.creation import tensor
from ...autograd import no_grad
from ...core.errors import ArgumentError
from ...nn import Linear, ReLU, Sequential

_LEFT = 2  # the third unit


def zigzag(width: int, layers: int) -> Sequential:
    """A ReLU network on [0, 1] with exactly (width + 1)^layers regions, each of another slope than
    its neighbours.

    A layer goes up and down between 0 and 1 in width + 1 straight pieces, so the next layer sees
    all of [0, 1] in each of them, like a cut through folded paper. Units that all face right,
    relu(x - k), would leave the first piece flat; therefore the third faces left. With n = 2 width
    + 1 the pieces end at 1/n, 3/n, 5/n, ..., and all weights are multiples of one half.

    Errors: ArgumentError for fewer than 3 units, with which this is impossible.

    >>> net = zigzag(10, 5)
    >>> sum(p.numel() for p in net.parameters())
    471
    """
    if width < 3 or layers < 1:
        raise ArgumentError(
            f"regions.zigzag: needs at least 3 units in each of at least 1 layer, got {width} and"
            f" {layers}: with fewer units no layer has only slopes that change sign"
        )
    n, knots = 2.0 * width + 1, 2.0 * np.arange(width) + 1
    facing = np.ones(width)
    facing[_LEFT] = -1
    inner, offset = facing * n, -facing * knots  # unit k: relu(facing (n x - knot))
    fold = np.where(np.arange(width) % 2, 1.0, -1.0)  # makes the sum go up and down
    fold[0] = -1.5
    lift = knots[_LEFT]  # value at 0 of the unit that faces left
    net = Sequential()
    for layer in range(layers):
        W = inner[:, None] if layer == 0 else np.outer(inner, fold)
        b = offset if layer == 0 else offset + lift * inner
        net.append(_linear(W, b))
        net.append(ReLU())
    net.append(_linear(fold[None], np.array([lift])))
    return net


def _linear(W: np.ndarray, b: np.ndarray) -> Linear:
    layer = Linear(W.shape[1], W.shape[0])
    with no_grad():
        layer.weight.copy_(tensor(W))
        assert layer.bias is not None
        layer.bias.copy_(tensor(b))
    return layer
