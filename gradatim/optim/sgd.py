"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._tensor.creation import tensor
from .._tensor.like import zeros_like
from ..core.dtypes import float64
from ..core.errors import ArgumentError
from ..core.inplace import update_all
from ..ops.updates import sgd, sgd_momentum
from .checks import check_fused, check_not_negative
from .group import ParamGroup
from .optimizer import Entry, Optimizer, Parameters


class SGD(Optimizer):
    """p <- p - lr g; with momentum, a decaying sum of gradients replaces g.

        g <- g + weight_decay p                  (and -g with `maximize`)
        b <- momentum b + (1 - dampening) g      (b = g in the first step)
        p <- p - lr b                            (Nesterov: p - lr (g + momentum b))

    `foreach`, `fused` and `differentiable` are accepted and ignored.

    Errors: ArgumentError for a negative setting, or for Nesterov without momentum.
    Source: Sutskever et al. 2013.

    >>> import gradatim
    >>> x = gradatim.tensor([1.0], requires_grad=True)
    >>> optimizer = SGD([x], lr=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([0.8000], requires_grad=True)
    """

    numbers = ("lr", "momentum", "dampening")

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_not_negative("learning rate", lr)
        check_not_negative("momentum value", momentum)
        check_not_negative("weight_decay value", weight_decay)
        check_fused(fused, foreach, differentiable)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ArgumentError("Nesterov momentum requires a momentum and zero dampening")
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def init_state(self, p: Any, group: ParamGroup) -> dict[str, Any]:
        """The momentum buffer, if any; with dampening, also whether the first step was taken."""
        if group["momentum"] == 0:
            return {}
        state: dict[str, Any] = {"momentum_buffer": zeros_like(p)}
        if group["dampening"] != 0:
            state["started"] = tensor(0.0, dtype=float64)
        return state

    def on_number_set(self, group: ParamGroup, name: str, value: float) -> None:
        """Allocate buffers if momentum is turned on later, before a step that may be traced."""
        if name == "momentum" and value != 0:
            for p in group["params"]:
                if not self.state[p]:
                    self.state[p].update(self.init_state(p, group))

    def update(self, group: ParamGroup, entries: Iterable[Entry]) -> None:
        """Update the parameters of a group."""
        lr, momentum, dampening = (group.tensor(name) for name in self.numbers)
        decay, maximize = group["weight_decay"], group["maximize"]
        nesterov = group["nesterov"]
        plain, moving = [], []
        for p, g, state in entries:
            b = state.get("momentum_buffer")
            if b is None:
                plain.append((p, g, lr))
                continue
            started, damping = state.get("started"), dampening
            if started is not None:  # the first gradient is not dampened
                damping = dampening * started
                started.fill_(1.0)
            moving.append((p, g, b, lr, momentum, damping))
        update_all(sgd, plain, weight_decay=decay, maximize=maximize)
        update_all(
            sgd_momentum,
            moving,
            weight_decay=decay,
            nesterov=nesterov,
            maximize=maximize,
        )

    def _restore(self, p: Any, saved: Mapping[str, Any]) -> None:
        group = next(g for g in self.param_groups if any(p is q for q in g["params"]))
        if group["dampening"] != 0 and "momentum_buffer" in saved:
            # PyTorch's state does not record that the first step was taken.
            saved = {"started": tensor(1.0, dtype=float64), **saved}
        super()._restore(p, saved)
