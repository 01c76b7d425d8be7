"""The result of an examination: signals and weights in order, as a table and as sentences."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .signals import Signal, Weight

# Thresholds for a finding to be reported.
VANISHING = 1e-3  # gradient of the first activation relative to the last
EXPLODING = 1e3  # the same
# The same, short of exploding: if the update of the last weights is a healthy 1e-3 of their size,
# that of the first is a tenth. Healthy networks reach up to 30, with sixty residual layers.
GROWING = 1e2
MOST_SATURATED = 0.5  # fraction of the values of a bounded activation
MOST_DEAD = 0.25  # fraction of the units of a layer
FADING = 1e-2  # variation of the last activation relative to the first

Rows = list[tuple[str, ...]]

BOUNDED = frozenset(("tanh", "sigmoid", "hardtanh", "hardsigmoid", "softsign"))


@dataclass(frozen=True, repr=False)
class Report:
    """`signals` in the order they were computed, `weights` as the model names them."""

    signals: tuple[Signal, ...]
    weights: tuple[Weight, ...]
    loss: float

    @property
    def activations(self) -> tuple[Signal, ...]:
        """The signals to compare by depth: outputs of activations, or all signals."""
        activations = tuple(signal for signal in self.signals if signal.is_activation)
        return activations or self.signals

    def findings(self) -> list[str]:
        """What is wrong, one sentence each with the usual remedy; [] if nothing."""
        sentences = [self._not_finite(), self._gradients(), self._fading()]
        sentences += [self._saturated(), self._dead()]
        return [sentence for sentence in sentences if sentence]

    def __repr__(self) -> str:
        """A table of the signals and one of the weights, printed or at the end of a cell."""
        names = ("signal", "kind", "mean", "std", "variation", "flat", "dead units")
        signals: Rows = [(*names, "gradient norm")]
        signals += [_signal_row(signal) for signal in self.signals]
        weights: Rows = [("weight", "shape", "std", "gradient norm", "gradient to data")]
        weights += [_weight_row(weight) for weight in self.weights]
        return "\n\n".join(_table(rows, 2) for rows in (signals, weights) if len(rows) > 1)

    # -- findings --------------------------------------------------------------------------

    def _not_finite(self) -> str:
        for signal in self.signals:
            if not np.isfinite(signal.values).all():
                return f"{_place(signal)} has values that are not finite: it is the first that has"
        for weight in self.weights:
            if weight.gradient is not None and not np.isfinite(weight.gradient).all():
                return f"the gradient of {weight.name} is not finite"
        return ""

    def _gradients(self) -> str:
        # A branch that does not lead to the loss has no gradient, which is not a vanishing one.
        used = [signal for signal in self.activations if signal.gradient is not None]
        if len(used) < 2:
            return ""
        first, last = used[0], used[-1]
        begin, end = first.gradient_norm, last.gradient_norm
        if not (math.isfinite(begin) and end > 0):
            return ""
        places = f"{begin:.2g} at {_place(first)}, {end:.2g} at {_place(last)}"
        if begin < VANISHING * end:
            return (
                f"vanishing gradients: {places}; "
                "Kaiming initialisation, normalisation or residual connections keep them alive"
            )
        if begin > EXPLODING * end:
            return f"exploding gradients: {places}; {self._bounded_by()}, clipping is a bandage"
        if begin > GROWING * end:
            return (
                f"growing gradients: {places}; a step that suits the last layers is rash for the "
                f"first, unless it is one of Adam, which scales each; {self._bounded_by()}"
            )
        return ""

    def _bounded_by(self) -> str:
        """What keeps gradients from growing on their way to the first layers."""
        if any(signal.kind.startswith("BatchNorm") for signal in self.signals):
            # Whatever the weights: G. Yang et al., "A Mean Field Theory of Batch Normalization"
            return (
                "batch norm makes them grow in every layer, residual connections keep them bounded"
            )
        return "smaller initial weights or normalisation keep them bounded"

    def _fading(self) -> str:
        if len(self.activations) < 2:
            return ""
        first, last = self.activations[0], self.activations[-1]
        before, after = first.variation, last.variation
        if not after < FADING * before:
            return ""
        return (
            f"the signal fades: examples differ by {before:.2g} at {_place(first)} and by "
            f"{after:.2g} at {_place(last)}; the weights are too small, see Kaiming initialisation"
        )

    def _saturated(self) -> str:
        ill = [
            signal
            for signal in self.signals
            if signal.kind.lower() in BOUNDED and (signal.saturated or 0) > MOST_SATURATED
        ]
        if not ill:
            return ""
        worst = max(ill, key=lambda signal: signal.saturated or 0)
        return (
            f"saturated: {worst.saturated:.0%} of {_place(worst)} is flat{_others(ill)}; "
            "smaller initial weights, or normalisation before the activation"
        )

    def _dead(self) -> str:
        ill = [s for s in self.signals if s.dead is not None and s.dead > MOST_DEAD * s.units]
        if not ill:
            return ""
        worst = max(ill, key=lambda signal: (signal.dead or 0) / signal.units)
        return (
            f"dead units: {worst.dead} of {worst.units} in {_place(worst)} pass nothing back for "
            f"any example{_others(ill)}; a smaller learning rate, better initialisation, or an "
            "activation that is never flat"
        )


def _place(signal: Signal) -> str:
    """The signal in a sentence: a name of numbers only, as in Sequential, gets its kind."""
    named = any(letter.isalpha() for letter in signal.name)
    return signal.name if named else f"{signal.kind} {signal.name}".strip()


def _others(ill: list[Any]) -> str:
    count = len(ill) - 1
    return f", and {count} more layer{'' if count == 1 else 's'} like it" if count else ""


def _signal_row(signal: Signal) -> tuple[str, ...]:
    dead = "" if signal.dead is None else f"{signal.dead}/{signal.units}"
    saturated = "" if signal.saturated is None else f"{signal.saturated:.1%}"
    return (
        signal.name,
        signal.kind,
        _fixed(signal.mean, "+"),
        _fixed(signal.std),
        f"{signal.variation:.1e}",
        saturated,
        dead,
        _gradient_norm(signal),
    )


def _weight_row(weight: Weight) -> tuple[str, ...]:
    shape = " x ".join(map(str, weight.values.shape)) or "1"
    ratio = weight.gradient_to_data
    return (
        weight.name,
        shape,
        _fixed(weight.std),
        _gradient_norm(weight),
        "" if weight.gradient is None or math.isnan(ratio) else f"{ratio:.2e}",
    )


def _fixed(number: float, sign: str = "") -> str:
    """Three decimals, or scientific notation for very small and large numbers."""
    usual = number == 0 or 5e-4 <= abs(number) < 1e4 or not math.isfinite(number)
    return f"{number:{sign}{'.3f' if usual else '.1e'}}"


def _gradient_norm(row: Signal | Weight) -> str:
    return "none" if row.gradient is None else f"{row.gradient_norm:.2e}"


def _table(rows: Rows, texts: int) -> str:
    """Left-aligned text columns, then right-aligned ones, each as wide as needed."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if i < texts else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
