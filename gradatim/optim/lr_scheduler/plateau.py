"""`ReduceLROnPlateau`: reduce the rate when the loss stops falling."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

from ...core.errors import ArgumentError
from ..optimizer import Optimizer
from .base import LRScheduler


class ReduceLROnPlateau(LRScheduler):
    """lr is multiplied by `factor` when a metric has not improved for more than `patience` steps.

    `step(metrics)` takes the metric, usually the loss on held-out data. In mode "min" it improves
    below best * (1 - threshold), or best - threshold if `threshold_mode` is "abs"; in mode "max"
    above best * (1 + threshold), or best + threshold. For `cooldown` steps after a reduction, bad
    steps are not counted. No rate falls below `min_lr`, one number or one per group, and changes of
    at most `eps` are skipped.

    Errors: ArgumentError for a `factor` of 1 or more, an unknown mode, or a list `min_lr` whose
    length is not the number of groups.

    >>> import gradatim
    >>> from gradatim import optim
    >>> optimizer = optim.SGD([gradatim.zeros(1, requires_grad=True)], lr=1.0)
    >>> schedule = ReduceLROnPlateau(optimizer, patience=1)
    >>> for loss in [0.5, 0.4, 0.4, 0.4]:
    ...     optimizer.step()
    ...     schedule.step(loss)
    >>> schedule.get_last_lr()
    [0.1]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: Sequence[float] | float = 0,
        eps: float = 1e-8,
    ) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
        if factor >= 1.0:
            raise ArgumentError(f"ReduceLROnPlateau: factor should be < 1.0, got {factor}")
        _check_one_of("mode", mode, ("min", "max"))
        _check_one_of("threshold_mode", threshold_mode, ("rel", "abs"))
        self.optimizer = optimizer
        self.mode, self.threshold, self.threshold_mode = mode, threshold, threshold_mode
        self.factor, self.eps = factor, eps
        self.patience, self.cooldown = patience, cooldown
        groups = len(optimizer.param_groups)
        self.default_min_lr = None if isinstance(min_lr, Sequence) else min_lr
        self.min_lrs = list(min_lr) if isinstance(min_lr, Sequence) else [min_lr] * groups
        if len(self.min_lrs) != groups:
            raise ArgumentError(
                f"ReduceLROnPlateau: expected {groups} min_lrs, one for each group, got "
                f"{len(self.min_lrs)}"
            )
        self.best = inf if mode == "min" else -inf
        self.num_bad_epochs = self.cooldown_counter = self.last_epoch = 0
        self._last_lr = self.current()

    @property
    def in_cooldown(self) -> bool:
        """Whether the last reduction is too recent to count bad steps."""
        return self.cooldown_counter > 0

    def step(self, metrics: Any) -> None:  # type: ignore[override]  # PyTorch's, too
        """Record the metric, and set the rates of the next step."""
        self.last_epoch += 1
        self._count(float(metrics))
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = self.current()

    def _count(self, metric: float) -> None:
        if self._is_better(metric):
            self.best = metric
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0

    def _is_better(self, metric: float) -> bool:
        sign = 1 if self.mode == "max" else -1
        is_relative = self.threshold_mode == "rel"
        bar = (
            self.best * (1 + sign * self.threshold)
            if is_relative
            else self.best + sign * self.threshold
        )
        return metric > bar if self.mode == "max" else metric < bar

    def _reduce(self) -> None:
        for group, lowest in zip(self.optimizer.param_groups, self._lowest(), strict=True):
            rate = max(group["lr"] * self.factor, lowest)
            if group["lr"] - rate > self.eps:
                group["lr"] = rate

    def _lowest(self) -> list[float]:
        """The lowest rate of each group, including groups added later."""
        groups = len(self.optimizer.param_groups)
        if len(self.min_lrs) != groups:
            if self.default_min_lr is None:
                raise ArgumentError(
                    f"ReduceLROnPlateau: the optimizer has {groups} groups now, and min_lrs is for "
                    f"{len(self.min_lrs)}; set it to a list of {groups}"
                )
            self.min_lrs = [self.default_min_lr] * groups
        return self.min_lrs


def _check_one_of(name: str, given: str, known: tuple[str, str]) -> None:
    if given not in known:
        raise ArgumentError(
            f"ReduceLROnPlateau: {name} {given!r} is unknown; use {known[0]!r} or {known[1]!r}"
        )
