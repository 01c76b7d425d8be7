"""The slides' first network: MLP(3, [4, 4, 1]), 41 parameters, on four samples.

activation        relu in both hidden layers, for everyone: micrograd has no tanh
final activation  none
loss              sum of the squared errors of the four samples
optimiser         SGD, rate 0.001
dtype             float32; micrograd and gradatim.scalar have only Python's float64
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..workload import Arrays, Training, uniform

RATE = 0.001
XS = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
YS = [1.0, -1.0, -1.0, 1.0]


def arrays() -> tuple[Arrays, Arrays]:
    rng = np.random.default_rng(7)
    parameters = {}
    for layer, (inputs, outputs) in enumerate([(3, 4), (4, 4), (4, 1)], 1):
        parameters[f"W{layer}"] = uniform(rng, outputs, inputs)
        parameters[f"b{layer}"] = rng.uniform(0, 0.5, outputs).astype(np.float32)
    return parameters, {
        "x": np.array(XS, np.float32),
        "y": np.array(YS, np.float32).reshape(4, 1),
    }


def loss(ops: Any, p: Mapping[str, Any], data: Mapping[str, Any], index: None) -> Any:
    hidden = ops.relu(ops.linear(data["x"], p["W1"], p["b1"]))
    hidden = ops.relu(ops.linear(hidden, p["W2"], p["b2"]))
    return ((ops.linear(hidden, p["W3"], p["b3"]) - data["y"]) ** 2).sum()


def step_of_values(net: Any) -> Any:
    """The same step for networks of scalars, used by micrograd and gradatim.scalar."""
    total = sum((net(x) - y) ** 2 for x, y in zip(XS, YS, strict=True))
    net.zero_grad()
    total.backward()
    for parameter in net.parameters():
        parameter.data -= RATE * parameter.grad
    return total


def values_of(parameters: Arrays) -> list[float]:
    """The weights in the order of `net.parameters()`: neuron by neuron, bias last."""
    return [
        float(number)
        for layer in (1, 2, 3)
        for row, bias in zip(parameters[f"W{layer}"], parameters[f"b{layer}"], strict=True)
        for number in (*row, bias)
    ]


WORKLOAD = Training(
    name="scalar",
    text="MLP(3, [4, 4, 1]), 41 parameters, relu, 4 samples, squared error, SGD 0.001",
    rate=RATE,
    loss=loss,
    arrays=arrays,
    operations=4 * 36 * 2 * 3,  # 36 weights: forward, gradient of the weights, of the inputs
    matrices=("W1", "W2", "W3"),
    together=4096,
)
