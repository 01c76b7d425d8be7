"""Cosine schedules, with or without a linear warm-up."""

from __future__ import annotations

import math

from ...core.errors import ArgumentError
from ..optimizer import Optimizer
from .base import LRScheduler, check_steps


class CosineAnnealingLR(LRScheduler):
    """lr falls from its initial value to `eta_min` in `T_max` steps, along half a cosine.

        eta_min + (initial lr - eta_min) (1 + cos(pi step / T_max)) / 2

    Beyond T_max it rises again.

    Errors: ArgumentError if `T_max` is below 1.
    Source: Loshchilov and Hutter 2017, arXiv:1608.03983 (without restarts).

    >>> import gradatim
    >>> from gradatim import optim
    >>> optimizer = optim.SGD([gradatim.zeros(1, requires_grad=True)], lr=1.0)
    >>> schedule = CosineAnnealingLR(optimizer, T_max=4)
    >>> rates = []
    >>> for _ in range(5):
    ...     rates.append(round(optimizer.param_groups[0]["lr"], 3))
    ...     optimizer.step()
    ...     schedule.step()
    >>> rates
    [1.0, 0.854, 0.5, 0.146, 0.0]
    """

    def __init__(
        self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        check_steps("CosineAnnealingLR: T_max", T_max)
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The current rates, scaled by the ratio of neighbouring points on the cosine."""
        if self._is_initial:
            return self.current()
        if self._step_count == 1 and self.last_epoch > 0:
            return self.closed_form()
        T, low = self.T_max, self.eta_min
        if (self.last_epoch - 1 - T) % (2 * T) == 0:  # the ratio below would divide by 0
            pairs = zip(self.current(), self.base_lrs, strict=True)
            rise = (1 - math.cos(math.pi / T)) / 2
            return [rate + (base - low) * rise for rate, base in pairs]
        now = 1 + math.cos(math.pi * self.last_epoch / T)
        before = 1 + math.cos(math.pi * (self.last_epoch - 1) / T)
        return [now / before * (rate - low) + low for rate in self.current()]

    def closed_form(self) -> list[float]:
        """The point on the cosine, from the base rates."""
        factor = (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / 2
        return [self.eta_min + (base - self.eta_min) * factor for base in self.base_lrs]


class WarmupCosineLR(LRScheduler):
    """A linear rise over `warmup` steps, then half a cosine down to `final_fraction`.

        step < warmup    initial lr (step + 1) / warmup
        then             initial lr (f + (1 - f) (1 + cos(pi t)) / 2),  f = final_fraction

    with t from 0 to 1 over the remaining steps up to `total_steps`; the last rate then stays. (Not
    in PyTorch; the usual schedule for GPTs.)

    >>> import gradatim
    >>> from gradatim import optim
    >>> optimizer = optim.SGD([gradatim.zeros(1, requires_grad=True)], lr=1.0)
    >>> schedule = WarmupCosineLR(optimizer, warmup=2, total_steps=4)
    >>> rates = []
    >>> for _ in range(6):
    ...     rates.append(round(optimizer.param_groups[0]["lr"], 3))
    ...     optimizer.step()
    ...     schedule.step()
    >>> rates
    [0.5, 1.0, 1.0, 0.55, 0.1, 0.1]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        warmup: int,
        total_steps: int,
        final_fraction: float = 0.1,
        last_epoch: int = -1,
    ) -> None:
        if not 0 <= warmup <= total_steps:
            raise ArgumentError(
                f"WarmupCosineLR: warmup must lie between 0 and total_steps, got {warmup} and "
                f"{total_steps}"
            )
        self.warmup = warmup
        self.total_steps = total_steps
        self.final_fraction = final_fraction
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The initial rates times the factor of the step."""
        return [base * self._factor() for base in self.base_lrs]

    def _factor(self) -> float:
        if self.last_epoch < self.warmup:
            return (self.last_epoch + 1) / self.warmup
        t = min(1.0, (self.last_epoch - self.warmup) / max(1, self.total_steps - self.warmup))
        low = self.final_fraction
        return low + (1 - low) * (1 + math.cos(math.pi * t)) / 2
