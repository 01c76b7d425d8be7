"""A ReLU network as affine maps, with a ReLU after each but the last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._tensor.tensor import Tensor
from ...core.errors import ArgumentError
from ...nn import BatchNorm1d, Dropout, Flatten, Identity, Linear, Module, ReLU, Sequential
from ...scalar import MLP
from .own_modules import called_layers

# Numbers that differ by less, relative to the terms they are sums of, count as equal; rounding in
# float64 is a millionth of this.
TOLERANCE = 1e-10
# Values of units at corners of regions, over all regions: arrays of them take about 2 GB.
MOST_NUMBERS = 50_000_000


@dataclass(frozen=True)
class Affine:
    """x -> W x + b in float64, W (D, Di), b (D,)."""

    W: np.ndarray
    b: np.ndarray

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """W x + b for each row of x (N, Di); results that are zero up to rounding become zero."""
        z = x @ self.W.T + self.b
        size = np.abs(x) @ np.abs(self.W.T) + np.abs(self.b)
        z[np.abs(z) <= TOLERANCE * size] = 0.0
        return z

    def after(self, first: Affine) -> Affine:
        """The composition of this map after another, without a ReLU between them."""
        return Affine(self.W @ first.W, self.W @ first.b + self.b)


def too_many(layer: int) -> ArgumentError:
    """The error for a network with more regions than can be held at once."""
    return ArgumentError(
        f"regions: layer {layer} has too many regions for the memory of a usual machine; take a"
        " smaller network, or bounds that are closer together"
    )


def affine_maps(model: Any) -> list[Affine]:
    """The affine maps of a network; the last one has no ReLU after it.

    The network is an `nn.Sequential` of `Linear`, `BatchNorm1d` and `ReLU`, in evaluation mode
    (without dropout, and with norms as affine maps), a module that calls linear layers in sequence
    with ReLUs between them, a `scalar.MLP` with the activation "relu", or a list of pairs (W, b).

    Errors: ArgumentError for anything else, or a network that is not piecewise linear.
    """
    maps: list[Affine] = []
    bent = False  # whether the next map follows a ReLU
    for step in _steps(model):
        if step is None:
            bent = True
            continue
        _check(step, maps)
        if bent and not maps:
            maps.append(_identity(step.W.shape[1]))
        if bent or not maps:
            maps.append(step)
        else:
            maps[-1] = step.after(maps[-1])
        bent = False
    if not maps:
        raise ArgumentError("regions: the network has no linear layer")
    if bent:
        maps.append(_identity(len(maps[-1].b)))
    return maps


def _identity(size: int) -> Affine:
    return Affine(np.eye(size), np.zeros(size))


def _check(step: Affine, before: list[Affine]) -> None:
    W, b = step.W, step.b
    if W.ndim != 2 or b.shape != W.shape[:1]:
        raise ArgumentError(
            "regions: a layer is a matrix W (outputs, inputs) and a bias b (outputs,), got shapes"
            f" {list(W.shape)} and {list(b.shape)}"
        )
    if before and W.shape[1] != len(before[-1].b):
        raise ArgumentError(
            f"regions: a layer with {W.shape[1]} inputs follows one with"
            f" {len(before[-1].b)} outputs"
        )
    if not (np.isfinite(W).all() and np.isfinite(b).all()):
        raise ArgumentError("regions: the network has weights that are not finite")


def _steps(model: Any) -> Iterator[Affine | None]:
    """The maps in order, and None for a ReLU."""
    if isinstance(model, Sequential):
        for layer in model:
            yield from _steps(layer)
    elif isinstance(model, Linear):
        yield _affine(model)
    elif isinstance(model, BatchNorm1d) and model.running_mean is not None:
        yield _norm(model)
    elif isinstance(model, ReLU):
        yield None
    elif isinstance(model, MLP):
        yield from _scalar_steps(model)
    elif isinstance(model, list | tuple):
        for i, (W, b) in enumerate(model):
            if i:
                yield None
            yield Affine(numbers(W), numbers(b))
    elif not isinstance(model, Dropout | Flatten | Identity):
        yield from _called_steps(model)


def _called_steps(model: Any) -> Iterator[Affine | None]:
    called = called_layers(model) if isinstance(model, Module) else None
    if called is None:
        what = "layer" if isinstance(model, Module) else "model"
        raise ArgumentError(
            f"regions: cannot read the {what} {type(model).__name__}: regions are counted of Linear"
            " layers with a ReLU between them, in an nn.Sequential (BatchNorm1d too) or a module of"
            " your own, of a scalar.MLP with relu, or of a list of pairs (layer.weight, layer.bias)"
        )
    layers, bent = called
    for i, layer in enumerate(layers):
        if i:
            yield None
        yield _affine(layer)
    if bent:
        yield None


def _affine(layer: Linear) -> Affine:
    bias = np.zeros(layer.out_features) if layer.bias is None else numbers(layer.bias)
    return Affine(numbers(layer.weight), bias)


def _norm(layer: BatchNorm1d) -> Affine:
    """The norm in evaluation mode, with its running mean and variance."""
    mean, var = numbers(layer.running_mean), numbers(layer.running_var)
    weight = 1.0 if layer.weight is None else numbers(layer.weight)
    bias = 0.0 if layer.bias is None else numbers(layer.bias)
    scale = weight / np.sqrt(var + layer.eps)
    return Affine(np.diag(scale), bias - mean * scale)


def _scalar_steps(net: MLP) -> Iterator[Affine | None]:
    for layer in net.layers:
        W = [[w.data for w in neuron.w] for neuron in layer.neurons]
        yield Affine(np.array(W), np.array([neuron.b.data for neuron in layer.neurons]))
        activation = layer.neurons[0].activation
        if activation == "relu":
            yield None
        elif activation != "linear":
            raise ArgumentError(
                f"regions: {net!r} has no linear regions: {activation} is bent everywhere; use"
                " activation='relu', last='linear'"
            )


def numbers(given: Any) -> np.ndarray:
    """A tensor, an array or nested lists, in float64."""
    return np.array(given.detach() if isinstance(given, Tensor) else given, np.float64)
