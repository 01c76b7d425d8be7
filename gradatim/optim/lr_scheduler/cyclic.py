"""Schedules with repeated cycles."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ...core.errors import ArgumentError
from ..optimizer import Optimizer
from .base import (
    LRScheduler,
    check_optimizer,
    check_steps,
    for_each_group,
    has_beta1,
    set_momentum,
)


class CosineAnnealingWarmRestarts(LRScheduler):
    """Half a cosine from the initial rate down to `eta_min` in T_0 steps, then restarts.

        lr = eta_min + (initial lr - eta_min) (1 + cos(pi T_cur / T_i)) / 2

    T_cur counts the steps since the last restart; each period is `T_mult` times the last one.
    `step` also accepts an epoch, which may be fractional.

    Errors: ArgumentError unless `T_0` and `T_mult` are whole numbers from 1 up.
    Source: Loshchilov and Hutter 2017, arXiv:1608.03983.

    >>> import gradatim
    >>> from gradatim import optim
    >>> optimizer = optim.SGD([gradatim.zeros(1, requires_grad=True)], lr=1.0)
    >>> schedule = CosineAnnealingWarmRestarts(optimizer, T_0=2, T_mult=2)
    >>> rates = []
    >>> for _ in range(7):
    ...     rates.append(round(optimizer.param_groups[0]["lr"], 3))
    ...     optimizer.step()
    ...     schedule.step()
    >>> rates
    [1.0, 0.5, 1.0, 0.854, 0.5, 0.146, 1.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,
        T_mult: int = 1,
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        for name, value in (("T_0", T_0), ("T_mult", T_mult)):
            if not isinstance(value, int) or value < 1:
                raise ArgumentError(
                    f"CosineAnnealingWarmRestarts: {name} must be a whole number from 1 up, "
                    f"got {value}"
                )
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The point on the cosine, from the base rates."""
        factor = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (base - self.eta_min) * factor for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Set the rates of the next step, or of the given epoch."""
        if epoch is None:
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur -= self.T_i
                self.T_i *= self.T_mult
            super().step()
            return
        if epoch < 0:
            raise ArgumentError(f"Expected non-negative epoch, but got {epoch}")
        restarts = 0
        if self.T_mult > 1:
            restarts = int(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
            self.T_cur = epoch - self.T_0 * (self.T_mult**restarts - 1) / (self.T_mult - 1)
        else:
            self.T_cur = epoch % self.T_0
        self.T_i = self.T_0 * self.T_mult**restarts
        self.last_epoch = math.floor(epoch) - 1
        super().step()

    def _restart(self) -> None:
        self.T_cur, self.T_i = 0, self.T_0
        super()._restart()


class CyclicLR(LRScheduler):
    """lr rises linearly from base_lr to max_lr and falls back, repeatedly.

    `mode` scales the height: "triangular" keeps it, "triangular2" halves it after each cycle,
    "exp_range" multiplies it by `gamma` in every step. A custom `scale_fn`, called with the number
    of the cycle or of the step as `scale_mode` says, replaces it. With `cycle_momentum` the
    momentum (or beta1) moves in the opposite direction.

    Errors: ArgumentError for an unknown mode, or an optimiser without momentum.
    Source: Smith 2017, arXiv:1506.01186.

    >>> import gradatim
    >>> from gradatim import optim
    >>> optimizer = optim.SGD([gradatim.zeros(1, requires_grad=True)], lr=1.0)
    >>> schedule = CyclicLR(optimizer, 0.0, 1.0, step_size_up=2, cycle_momentum=False)
    >>> rates = []
    >>> for _ in range(5):
    ...     rates.append(round(optimizer.param_groups[0]["lr"], 3))
    ...     optimizer.step()
    ...     schedule.step()
    >>> rates
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ArgumentError(
                'CyclicLR: mode is "triangular", "triangular2" or "exp_range", or give a scale_fn; '
                f"got {mode!r}"
            )
        check_steps("CyclicLR: step_size_up", step_size_up)
        base_lrs = for_each_group("base_lr", optimizer, base_lr)
        if last_epoch == -1:
            for group, low in zip(optimizer.param_groups, base_lrs, strict=True):
                group["lr"] = low
        self.max_lrs = for_each_group("max_lr", optimizer, max_lr)
        self.up = step_size_up
        self.down = step_size_up if step_size_down is None else step_size_down
        self.mode, self.gamma = mode, gamma
        self.scale_fn = scale_fn
        self.by_cycle = scale_mode == "cycle" if scale_fn else mode != "exp_range"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = has_beta1(optimizer)
            self.momenta = list(
                zip(
                    for_each_group("base_momentum", optimizer, base_momentum),
                    for_each_group("max_momentum", optimizer, max_momentum),
                    strict=True,
                )
            )
        super().__init__(optimizer, last_epoch)
        # Other schedules may share the optimiser and its initial_lr, which stays theirs.
        self.base_lrs = base_lrs

    def get_lr(self) -> list[float]:
        """The rate of each group; also sets its momentum."""
        height = self._height()
        if self.cycle_momentum:
            for group, (low, high) in zip(self.optimizer.param_groups, self.momenta, strict=True):
                momentum = high - (high - low) * height
                set_momentum(group, momentum, as_beta1=self.use_beta1)
        pairs = zip(self.base_lrs, self.max_lrs, strict=True)
        return [low + (high - low) * height for low, high in pairs]

    def _height(self) -> float:
        """The height of the rate, between 0 and 1."""
        length = self.up + self.down
        cycle = math.floor(1 + self.last_epoch / length)
        part = 1 + self.last_epoch / length - cycle
        rise = self.up / length
        height = part / rise if part <= rise else (part - 1) / (rise - 1)
        return height * self._scale(cycle if self.by_cycle else self.last_epoch)

    def _scale(self, x: float) -> float:
        if self.scale_fn is not None:
            return self.scale_fn(x)
        if self.mode == "triangular2":
            return 1 / 2 ** (x - 1)
        return float(self.gamma**x) if self.mode == "exp_range" else 1.0

    def state_dict(self) -> dict[str, Any]:
        """The state without the function, which cannot be saved."""
        return {k: v for k, v in super().state_dict().items() if k != "scale_fn"}
