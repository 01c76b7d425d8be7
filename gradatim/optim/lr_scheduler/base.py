"""The base of all schedules: count steps, and set the learning rates of an optimiser."""

from __future__ import annotations

import warnings
from typing import Any

from ...core.errors import ArgumentError
from ..group import ParamGroup
from ..optimizer import Optimizer


class LRScheduler:
    """The base of all schedules: `get_lr` gives the rate of each group at step `last_epoch`.

    Creating a schedule sets the rates of step 0; every `step()`, called after the optimiser's,
    those of the next step. Rates may depend on the current ones, so that schedules can be chained.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming "
                    "scheduler with last_epoch >= 0; load the optimizer's state first"
                )
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._is_initial = False
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        self.step()
        self._is_initial = False

    def get_lr(self) -> list[float]:
        """The rate of each group at step `last_epoch`."""
        raise NotImplementedError

    def closed_form(self) -> list[float]:
        """The same rates from the base rates alone, for schedules with such a formula."""
        return self.get_lr()

    def get_last_lr(self) -> list[float]:
        """The rates that were set last."""
        return self._last_lr

    def step(self) -> None:
        """Set the rates of the next step; call it after `optimizer.step()`."""
        if self._step_count == 1 and not self.optimizer._step_called:
            warnings.warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. Call them in "
                "the opposite order, or the first value of the schedule is skipped.",
                stacklevel=2,
            )
        self._step_count += 1
        self.last_epoch += 1
        self._set(self.get_lr())

    def _restart(self) -> None:
        """Set the rates of step 0, whatever the current ones are."""
        self.last_epoch = 0
        self._set(self.closed_form())

    def _set(self, rates: list[float]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
        self._last_lr = self.current()

    def current(self) -> list[float]:
        """The current rates of the groups."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def scaled(self, factor: float) -> list[float]:
        """The current rates times a factor."""
        return [rate * factor for rate in self.current()]

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimiser and functions."""
        return {
            key: value
            for key, value in self.__dict__.items()
            if key != "optimizer" and not callable(value)
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state that `state_dict` returned."""
        self.__dict__.update(state_dict)


def check_optimizer(optimizer: Any) -> None:
    """Refuse what is not an optimiser."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


def has_beta1(optimizer: Optimizer) -> bool:
    """Whether what a schedule cycles as momentum is beta1.

    Errors: ArgumentError for an optimiser without either.
    """
    if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
        raise ArgumentError(
            "optimizer must support momentum or beta1 with `cycle_momentum` option enabled"
        )
    return "betas" in optimizer.defaults


def set_momentum(group: ParamGroup, momentum: float, *, as_beta1: bool) -> None:
    """Set the momentum of a group, or its beta1."""
    if as_beta1:
        group["betas"] = (momentum, *group["betas"][1:])
    else:
        group["momentum"] = momentum


def check_steps(what: str, steps: int) -> None:
    """Refuse a number of steps below 1."""
    if steps < 1:
        raise ArgumentError(f"{what} must be at least 1, got {steps}")


def for_each_group(name: str, optimizer: Optimizer, value: Any) -> list[float]:
    """A value for each parameter group, from one for all or a list.

    Errors: ArgumentError for a list of another length.
    """
    groups = len(optimizer.param_groups)
    if not isinstance(value, list | tuple):
        return [value] * groups
    if len(value) != groups:
        raise ArgumentError(f"expected {groups} values for {name}, got {len(value)}")
    return list(value)
