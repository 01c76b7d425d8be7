"""How many linear regions a ReLU network can have, and how many parameters, as exact integers.

Di: inputs, D: units in each hidden layer, K: hidden layers; one output.
"""

from __future__ import annotations

from math import comb

from ...core.errors import ArgumentError


def parameters(inputs: int, width: int, layers: int) -> int:
    """The number of weights and biases: D (Di + 1) + (K - 1) D (D + 1) + (D + 1).

    >>> parameters(1, 10, 5), parameters(10, 50, 5)
    (471, 10801)
    """
    _check(inputs, width, layers)
    D = width
    return D * (inputs + 1) + (layers - 1) * D * (D + 1) + (D + 1)


def maximum(inputs: int, width: int, layers: int) -> int:
    """Achievable regions: (floor(D/Di) + 1)^(Di (K-1)) * sum_j C(D, j), j <= Di.

    For one input and D >= 3 this is the exact maximum, (D + 1)^K (T. Serra, C. Tjandraatmadja and
    S. Ramalingam, "Bounding and Counting Linear Regions of Deep Neural Networks", 2018); `zigzag`
    builds the network. For more inputs it is the formula of S. Prince, "Understanding Deep
    Learning", 2023, chapter 4.

    >>> maximum(1, 10, 5), f"{maximum(10, 50, 5):.3e}"
    (161051, '1.796e+41')
    """
    _check(inputs, width, layers)
    folds = (width // inputs + 1) ** (inputs * (layers - 1))
    return folds * arrangement(inputs, width)


def montufar(inputs: int, width: int, layers: int) -> int:
    """The first proven lower bound: floor(D/Di)^(Di (K-1)) * sum_j C(D, j), j <= Di.

    G. Montufar, R. Pascanu, K. Cho and Y. Bengio, "On the Number of Linear Regions of Deep Neural
    Networks", 2014. Each layer folds space once less than in `maximum`.

    >>> montufar(1, 10, 5), f"{montufar(10, 50, 5):.1e}"
    (110000, '1.2e+38')
    """
    _check(inputs, width, layers)
    return (width // inputs) ** (inputs * (layers - 1)) * arrangement(inputs, width)


def upper_bound(inputs: int, width: int, layers: int) -> int:
    """An upper bound: (sum_j C(D, j))^K, as if each layer split all regions alike.

    >>> upper_bound(1, 10, 5), f"{upper_bound(10, 50, 5):.1e}"
    (161051, '4.4e+50')
    """
    _check(inputs, width, layers)
    return arrangement(inputs, width) ** layers


def arrangement(inputs: int, width: int) -> int:
    """The regions of one layer, D hyperplanes in Di dimensions: sum of C(D, j), j = 0 .. Di.

    T. Zaslavsky, "Facing up to Arrangements", 1975. Three lines in general position cut the plane
    into seven parts:

    >>> arrangement(2, 3)
    7
    """
    _check(inputs, width, 1)
    return sum(comb(width, j) for j in range(inputs + 1))


def widest(budget: int, inputs: int, layers: int) -> int:
    """The largest width of a network with `layers` layers and at most `budget` parameters.

    >>> [widest(471, 1, layers) for layers in (1, 2, 3, 4, 5)]
    [156, 19, 14, 11, 10]
    """
    if parameters(inputs, 1, layers) > budget:
        raise ArgumentError(
            f"regions.widest: {layers} layers of one unit have"
            f" {parameters(inputs, 1, layers)} parameters, more than the budget of {budget}"
        )
    width = 1
    while parameters(inputs, width + 1, layers) <= budget:
        width += 1
    return width


def _check(inputs: int, width: int, layers: int) -> None:
    for name, number in (("inputs", inputs), ("width", width), ("layers", layers)):
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise ArgumentError(f"regions: {name} is a whole number from 1, got {number!r}")
