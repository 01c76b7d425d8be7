"""What Adam and its relatives share: moving averages of the gradient and of its size."""

from __future__ import annotations

from typing import Any

from .._tensor.creation import tensor
from .._tensor.like import zeros_like
from ..core.dtypes import float64
from .checks import check_betas, check_not_negative
from .group import ParamGroup
from .optimizer import Optimizer, Parameters

STATE = ("exp_avg", "exp_avg_sq", "step")  # the names of the state, in the updates' order


class Moments(Optimizer):
    """The base of Adam, NAdam, RAdam and Adamax: checked settings, and two averages as state."""

    numbers = ("lr", "betas")
    second = "exp_avg_sq"  # the name of the second average

    def __init__(self, params: Parameters, defaults: dict[str, Any]) -> None:
        check_not_negative("learning rate", defaults["lr"])
        check_not_negative("epsilon value", defaults["eps"])
        check_betas(defaults["betas"])
        check_not_negative("weight_decay value", defaults["weight_decay"])
        super().__init__(params, defaults)

    def init_state(self, p: Any, group: ParamGroup) -> dict[str, Any]:
        """The step count and the two averages."""
        step = tensor(0.0, dtype=float64)
        return {"step": step, "exp_avg": zeros_like(p), self.second: zeros_like(p)}
