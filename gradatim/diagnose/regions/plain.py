"""The networks that the formulas describe."""

from __future__ import annotations

from ...nn import Linear, ReLU, Sequential
from .formulas import parameters


def plain(inputs: int, width: int, layers: int) -> Sequential:
    """Hidden layers of `width` ReLUs and one linear output, initialised like `nn.Linear`.

    Errors: ArgumentError for sizes that are not whole numbers from 1.

    >>> sum(p.numel() for p in plain(1, 10, 5).parameters())
    471
    """
    parameters(inputs, width, layers)  # refuses invalid sizes
    net = Sequential()
    for layer in range(layers):
        net.append(Linear(width if layer else inputs, width))
        net.append(ReLU())
    return net.append(Linear(width, 1))
