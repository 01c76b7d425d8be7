"""The one-cycle schedule: the rate rises once, then falls; momentum does the reverse."""

from __future__ import annotations

import math

from ...core.errors import ArgumentError
from ..optimizer import Optimizer
from .base import LRScheduler, check_optimizer, for_each_group, has_beta1, set_momentum

# A phase: its last step, the rates at both ends and the momenta at both ends, by name.
Phase = tuple[float, str, str, str, str]


class OneCycleLR(LRScheduler):
    """lr rises from max_lr / div_factor to max_lr, then falls to that start / final_div_factor.

    The rise takes the fraction `pct_start` of the steps. `anneal_strategy` is "cos" or "linear";
    `three_phase` adds a fall that mirrors the rise before the final one. With `cycle_momentum` the
    momentum (or beta1) goes from `max_momentum` down to `base_momentum` and back.

    Errors: ArgumentError for invalid settings, and for stepping beyond `total_steps`.
    Source: Smith and Topin 2018, arXiv:1708.07120.

    >>> import gradatim
    >>> from gradatim import optim
    >>> optimizer = optim.SGD([gradatim.zeros(1, requires_grad=True)], lr=1.0, momentum=0.9)
    >>> schedule = OneCycleLR(optimizer, 1.0, total_steps=5, pct_start=0.4, div_factor=5)
    >>> rates = []
    >>> for _ in range(5):
    ...     rates.append(round(optimizer.param_groups[0]["lr"], 3))
    ...     optimizer.step()
    ...     schedule.step()
    >>> rates
    [0.2, 1.0, 0.75, 0.25, 0.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        if not 0 <= pct_start <= 1:
            raise ArgumentError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ArgumentError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        self.total_steps = _total(total_steps, epochs, steps_per_epoch)
        self.anneal_strategy = anneal_strategy
        self.cycle_momentum = cycle_momentum
        self._phases = _phases(self.total_steps, pct_start, three_phase)
        groups = optimizer.param_groups
        if last_epoch == -1:
            for group, top in zip(groups, for_each_group("max_lr", optimizer, max_lr), strict=True):
                group["initial_lr"] = top / div_factor
                group["max_lr"] = top
                group["min_lr"] = group["initial_lr"] / final_div_factor
        if cycle_momentum:
            self.use_beta1 = has_beta1(optimizer)
            if last_epoch == -1:
                low = for_each_group("base_momentum", optimizer, base_momentum)
                high = for_each_group("max_momentum", optimizer, max_momentum)
                for group, least, most in zip(groups, low, high, strict=True):
                    group["base_momentum"], group["max_momentum"] = least, most
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The rate of each group; also sets its momentum."""
        if self.last_epoch > self.total_steps:
            raise ArgumentError(
                f"Tried to step {self.last_epoch} times. The specified number of total steps is "
                f"{self.total_steps}"
            )
        (_, low, high, start, end), done = self._now()
        rates = []
        for group in self.optimizer.param_groups:
            rates.append(self._between(group[low], group[high], done))
            if self.cycle_momentum:
                momentum = self._between(group[start], group[end], done)
                set_momentum(group, momentum, as_beta1=self.use_beta1)
        return rates

    def _now(self) -> tuple[Phase, float]:
        """The current phase, and the fraction of it that is done."""
        start = 0.0
        for phase in self._phases:
            if self.last_epoch <= phase[0]:
                break
            if phase is not self._phases[-1]:
                start = phase[0]
        length = phase[0] - start  # 0 if the rise takes one step, or all of them
        return phase, (self.last_epoch - start) / length if length else 1.0

    def _between(self, start: float, end: float, done: float) -> float:
        if self.anneal_strategy == "linear":
            return (end - start) * done + start
        return end + (start - end) / 2.0 * (math.cos(math.pi * done) + 1)


def _phases(total: int, pct_start: float, three_phase: bool) -> list[Phase]:
    rise = (float(pct_start * total) - 1, "initial_lr", "max_lr", "max_momentum", "base_momentum")
    end = float(total - 1)
    if not three_phase:
        return [rise, (end, "max_lr", "min_lr", "base_momentum", "max_momentum")]
    back = float(2 * pct_start * total) - 2
    return [
        rise,
        (back, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
        (end, "initial_lr", "min_lr", "max_momentum", "max_momentum"),
    ]


def _total(total_steps: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    given = [total_steps] if total_steps is not None else [epochs, steps_per_epoch]
    if any(n is None for n in given):
        raise ArgumentError("You must define either total_steps OR (epochs AND steps_per_epoch)")
    if not all(isinstance(n, int) and n > 0 for n in given):
        raise ArgumentError(f"OneCycleLR: expected positive integers for the steps, got {given}")
    return math.prod(n for n in given if n is not None)
