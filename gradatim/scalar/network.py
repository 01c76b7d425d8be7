"""Neuron, Layer, MLP: a network is a function of its inputs with many Values inside.

A neuron computes `a(w1 x1 + ... + wn xn + b)`. A layer is a row of neurons with the same inputs. A
multi-layer perceptron (MLP) is a chain of layers. The weights and biases are the parameters: Values
that outlive a single computation, and that training changes.

Left out: everything about speed and shapes (see `gradatim.nn`), and clever initial weights.
"""

from __future__ import annotations

import operator
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from .value import Number, Value

__all__ = ["ACTIVATIONS", "MLP", "Inputs", "Layer", "Network", "Neuron"]

Inputs = Iterable[Number] | Number

ACTIVATIONS: dict[str, Callable[[Value], Value]] = {
    "tanh": Value.tanh,
    "relu": Value.relu,
    "sigmoid": Value.sigmoid,
    "linear": lambda total: total,
}


class Rng(Protocol):
    """The part of a random generator that initial weights need; the module `random` has it too."""

    def uniform(self, a: float, b: float) -> float: ...


class Network:
    """What a neuron, a layer and an MLP have in common: parameters, and gradients to reset."""

    def __call__(self, x: Inputs) -> Any:
        """Return the output for the inputs x: a Value, or a list of them."""
        raise NotImplementedError

    def parameters(self) -> list[Value]:
        """Return the Values that training changes, in a fixed order."""
        raise NotImplementedError

    def zero_grad(self) -> None:
        """Reset the gradients; needed before each `backward()`, which adds to them."""
        for parameter in self.parameters():
            parameter.zero_grad()


class Neuron(Network):
    """One neuron: a(w1 x1 + ... + wn xn + b), with `nin` inputs.

    The weights are drawn from -1 to 1 by Python's `random`, or by `rng`; `random.seed(1)` makes
    them reproducible. `name` is a prefix of the parameters' labels.

    >>> n = Neuron(2, activation="linear")
    >>> n.w[0].data, n.w[1].data, n.b.data = 2.0, -1.0, 0.5
    >>> n([3.0, 4.0])
    Value(data=2.5)
    >>> [p.label for p in n.parameters()]
    ['w1', 'w2', 'b']
    """

    def __init__(
        self, nin: int, activation: str = "tanh", *, rng: Rng = random, name: str = ""
    ) -> None:
        _check_size("inputs", nin)
        if activation not in ACTIVATIONS:
            raise ValueError(
                f"unknown activation {activation!r}: choose one of {', '.join(ACTIVATIONS)}"
            )
        self.activation = activation
        self.w = [Value(rng.uniform(-1, 1), label=f"{name}w{i}") for i in range(1, nin + 1)]
        self.b = Value(rng.uniform(-1, 1), label=f"{name}b")

    def __call__(self, x: Inputs) -> Value:
        products = map(operator.mul, self.w, _inputs(x, len(self.w), self))
        return ACTIVATIONS[self.activation](sum(products, self.b))

    def parameters(self) -> list[Value]:
        return [*self.w, self.b]

    def __repr__(self) -> str:
        return f"Neuron({len(self.w)}, activation={self.activation!r})"


class Layer(Network):
    """`nout` neurons with the same `nin` inputs.

    >>> layer = Layer(3, 4)
    >>> len(layer([1.0, 2.0, 3.0])), len(layer.parameters())
    (4, 16)
    """

    def __init__(
        self, nin: int, nout: int, activation: str = "tanh", *, rng: Rng = random, name: str = ""
    ) -> None:
        _check_size("neurons", nout)
        self.neurons = [
            Neuron(nin, activation, rng=rng, name=f"{name}n{i}.") for i in range(1, nout + 1)
        ]

    def __call__(self, x: Inputs) -> Any:
        """Return the neurons' outputs as a list, or the output itself if there is only one."""
        values = _inputs(x, len(self.neurons[0].w), self)
        outputs = [neuron(values) for neuron in self.neurons]
        return outputs[0] if len(outputs) == 1 else outputs

    def parameters(self) -> list[Value]:
        return [p for neuron in self.neurons for p in neuron.parameters()]

    def __repr__(self) -> str:
        first = self.neurons[0]
        return f"Layer({len(first.w)}, {len(self.neurons)}, activation={first.activation!r})"


class MLP(Network):
    """A multi-layer perceptron: `nin` inputs, then one layer for each size in `nouts`.

    Every layer has the same activation, as on the slides, unless `last` names another one for the
    last layer: with `last="linear"` the output is not limited to the range of tanh.

    >>> net = MLP(3, [4, 4, 1])
    >>> len(net.parameters())  # 4(3+1) + 4(4+1) + 1(4+1)
    41
    >>> y = net([2.0, 3.0, -1.0])
    >>> -1.0 < y.data < 1.0
    True
    >>> MLP(1, [8, 1], activation="relu", last="linear")
    MLP(1, [8, 1], activation='relu', last='linear')
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: str = "tanh",
        last: str | None = None,
        *,
        rng: Rng = random,
    ) -> None:
        if not isinstance(nouts, Sequence) or not nouts:
            raise ValueError(
                f"nouts is a list of layer sizes, as in MLP(3, [4, 4, 1]); got {nouts}"
            )
        sizes = [nin, *nouts]
        activations = [activation] * (len(nouts) - 1) + [last or activation]
        self.layers = [
            Layer(sizes[i], sizes[i + 1], activations[i], rng=rng, name=f"layer{i + 1}.")
            for i in range(len(nouts))
        ]
        self.activation, self.last = activation, last

    def __call__(self, x: Inputs) -> Any:
        """Return the last layer's outputs: a list, or the Value itself if there is only one."""
        values = _inputs(x, len(self.layers[0].neurons[0].w), self)
        for layer in self.layers:
            values = layer(values)
        return values

    def parameters(self) -> list[Value]:
        return [p for layer in self.layers for p in layer.parameters()]

    def __repr__(self) -> str:
        nin, nouts = len(self.layers[0].neurons[0].w), [len(la.neurons) for la in self.layers]
        last = "" if self.last is None else f", last={self.last!r}"
        return f"MLP({nin}, {nouts}, activation={self.activation!r}{last})"


def _inputs(x: Inputs, expected: int, receiver: Network) -> list[Value]:
    """Return the inputs as Values x1, x2, ..., shared by all neurons that use them."""
    xs = x if isinstance(x, list) else list(x) if isinstance(x, Iterable) else [x]
    if len(xs) != expected:
        raise ValueError(f"{receiver!r} takes {expected} inputs, got {len(xs)}: {xs}")
    if isinstance(xs[0], Value):
        return xs  # type: ignore[return-value]  # outputs of the layer before
    return [v if isinstance(v, Value) else Value(v, label=f"x{i}") for i, v in enumerate(xs, 1)]


def _check_size(what: str, size: int) -> None:
    if not isinstance(size, int):
        raise TypeError(f"the number of {what} is a whole number, got {size!r}")
    if size < 1:
        raise ValueError(f"the number of {what} must be at least 1, got {size}")
