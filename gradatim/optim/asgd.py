"""ASGD: gradient descent that averages its weights."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._tensor.creation import tensor
from .._tensor.like import zeros_like
from ..core.dtypes import float64
from ..core.inplace import update_all
from ..ops import step_sizes
from .checks import check_not_negative
from .group import ParamGroup
from .optimizer import Entry, Optimizer, Parameters


class ASGD(Optimizer):
    """Gradient descent with a decaying rate that averages its weights from step `t0` on.

        eta = lr / (1 + lambd lr t)^alpha
        p <- p (1 - lambd eta) - eta g
        a <- a + mu (p - a),  mu = 1 / max(1, t - t0)

    with weight_decay p added to g. The average a is `state[p]["ax"]`. `foreach`, `capturable` and
    `differentiable` are ignored.

    Errors: ArgumentError for a negative rate or weight decay.
    Source: Polyak and Juditsky 1992.

    >>> import gradatim
    >>> x = gradatim.tensor([1.0, -20.0], requires_grad=True)
    >>> optimizer = ASGD([x], lr=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([  0.8000, -15.9998], requires_grad=True)
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_not_negative("learning rate", lr)
        check_not_negative("weight_decay value", weight_decay)
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def init_state(self, p: Any, group: ParamGroup) -> dict[str, Any]:
        """The step count, the rate and the weight of the next step, and the average."""
        return {
            "step": tensor(0.0, dtype=float64),
            "eta": tensor(group["lr"], dtype=float64),
            "mu": tensor(1.0, dtype=float64),
            "ax": zeros_like(p),
        }

    def update(self, group: ParamGroup, entries: Iterable[Entry]) -> None:
        """Update the parameters of a group."""
        names = ("lambd", "alpha", "t0", "weight_decay", "maximize")
        lr, settings = group.tensor("lr"), {name: group[name] for name in names}
        kept = ("ax", "step", "eta", "mu")
        rows = [(p, g, *[s[name] for name in kept], lr) for p, g, s in entries]
        update_all(step_sizes.asgd, rows, **settings)
