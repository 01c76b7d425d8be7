"""One signal and one weight of a network: values, gradient, and statistics of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# An activation is saturated where it passes hardly any gradient: where its slope is less than this
# fraction of its steepest. For tanh that is |y| > 0.97.
SATURATED = 1 / 16

STEEPEST = {"sigmoid": 0.25, "hardsigmoid": 1 / 6}  # for all others about 1


@dataclass(frozen=True)
class Histogram:
    """`edges` (bins + 1,), and `density` (bins,), which times the bin width sums to 1."""

    edges: Array
    density: Array


@dataclass(frozen=True)
class Signal:
    """The output of one layer: its values, the loss's gradient, and its slope if an activation.

    `kind` is the module's class, or the operation's name if a function was called. All three arrays
    have one shape, (batch, ..., units), or (batch, channels, height, width) for images; `gradient`
    is None if the loss does not depend on the signal, or if everything before it is frozen.
    """

    name: str
    kind: str
    values: Array = field(repr=False)
    gradient: Array | None = field(repr=False)
    slope: Array | None = field(repr=False)

    @property
    def is_activation(self) -> bool:
        """Whether an elementwise nonlinear function computed it."""
        return self.slope is not None

    @property
    def mean(self) -> float:
        """The mean of all values."""
        return float(self.values.mean(dtype=np.float64))

    @property
    def std(self) -> float:
        """The standard deviation of all values."""
        return float(self.values.std(dtype=np.float64))

    @property
    def variation(self) -> float:
        """How much examples differ: the root mean square over units of their standard deviation.

        A deep network may lose its input and give every example the same large values.
        """
        if self.values.ndim == 0:
            return 0.0
        return float(np.sqrt(self.values.var(axis=0, dtype=np.float64).mean()))

    @property
    def gradient_norm(self) -> float:
        """The Euclidean norm of the loss's gradient here; 0 if there is none."""
        return 0.0 if self.gradient is None else norm(self.gradient)

    @property
    def saturated(self) -> float | None:
        """The fraction of values that pass hardly any gradient; None if not an activation.

        For tanh these are values beyond 0.97, for ReLU the zeros.
        """
        flat = self._flat()
        return None if flat is None else float(flat.mean())

    @property
    def units(self) -> int:
        """The number of units: channels of images, else the last dimension."""
        return self.values.shape[_unit_axis(self.values)] if self.values.ndim else 1

    @property
    def dead(self) -> int | None:
        """How many units are saturated for every example; None if not an activation."""
        flat = self._flat()
        if flat is None:
            return None
        others = tuple(i for i in range(flat.ndim) if i != _unit_axis(flat) % flat.ndim)
        return int(flat.all(axis=others).sum())

    def histogram(self, bins: int = 60) -> Histogram:
        """The distribution of the values."""
        return histogram(self.values, bins)

    def gradient_histogram(self, bins: int = 60) -> Histogram:
        """The distribution of the gradient."""
        return histogram(np.zeros(1) if self.gradient is None else self.gradient, bins)

    def _flat(self) -> Array | None:
        if self.slope is None:
            return None
        return np.abs(self.slope) < SATURATED * STEEPEST.get(self.kind.lower(), 1.0)


@dataclass(frozen=True)
class Weight:
    """A parameter: its values, and the loss's gradient; None if frozen or unused by the loss.

    `gradient_to_data` is std(gradient) / std(values): a plain gradient step changes the weight by
    the learning rate times that, relative to its size.
    """

    name: str
    values: Array = field(repr=False)
    gradient: Array | None = field(repr=False)

    @property
    def std(self) -> float:
        """The standard deviation of the values."""
        return float(self.values.std(dtype=np.float64))

    @property
    def gradient_norm(self) -> float:
        """The Euclidean norm of the gradient."""
        return 0.0 if self.gradient is None else norm(self.gradient)

    @property
    def gradient_to_data(self) -> float:
        """std(gradient) / std(values); nan if all values are equal, as in fresh biases."""
        if self.gradient is None or not self.std:
            return 0.0 if self.gradient is None else float("nan")
        return float(self.gradient.std(dtype=np.float64)) / self.std


def norm(values: Array) -> float:
    """The Euclidean norm, computed in float64 to avoid overflow."""
    return float(np.sqrt(np.sum(np.square(values, dtype=np.float64))))


def histogram(values: Array, bins: int) -> Histogram:
    """The density of the finite values over their range; empty if none is finite."""
    finite = values[np.isfinite(values)].astype(np.float64)
    if not finite.size:
        return Histogram(np.linspace(-1, 1, bins + 1), np.zeros(bins))
    low, high = float(finite.min()), float(finite.max())
    if not high - low > 1e-12 * max(abs(low), abs(high)):  # all equal: one visible bar
        low, high = low - 0.5, high + 0.5
    density, edges = np.histogram(finite, bins, (low, high), density=True)
    return Histogram(edges, density)


def _unit_axis(values: Array) -> int:
    return 1 if values.ndim == 4 else -1
