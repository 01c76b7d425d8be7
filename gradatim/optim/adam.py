"""Adam, and AdamW, whose weight decay is decoupled from the gradient."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._tensor.like import zeros_like
from ..core.inplace import update_all
from ..ops import updates
from .checks import check_fused
from .group import ParamGroup
from .moments import Moments
from .optimizer import Entry, Parameters


class Adam(Moments):
    """Adam: steps from moving averages of the gradient and of its square.

        m <- beta1 m + (1 - beta1) g
        v <- beta2 v + (1 - beta2) g^2
        p <- p - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)

    with weight_decay p added to g, or (`decoupled_weight_decay`) lr weight_decay p subtracted from
    p. `amsgrad` uses the largest v so far instead of v. `foreach`, `fused`, `capturable` and
    `differentiable` are accepted and ignored.

    Errors: ArgumentError for a negative setting, or betas outside [0, 1).
    Source: Kingma and Ba 2015, arXiv:1412.6980; amsgrad Reddi et al. 2018, arXiv:1904.09237.

    >>> import gradatim
    >>> x = gradatim.tensor([1.0, -20.0], requires_grad=True)
    >>> optimizer = Adam([x], lr=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([  0.9000, -19.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        check_fused(fused, foreach, differentiable)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def init_state(self, p: Any, group: ParamGroup) -> dict[str, Any]:
        """The averages, and the largest second one so far for `amsgrad`."""
        state = super().init_state(p, group)
        if group["amsgrad"]:
            state["max_exp_avg_sq"] = zeros_like(p)
        return state

    def update(self, group: ParamGroup, entries: Iterable[Entry]) -> None:
        """Update the parameters of a group."""
        operation = updates.amsgrad if group["amsgrad"] else updates.adam
        lr, betas = group.tensor("lr"), group.tensors("betas")
        settings = {
            "eps": group["eps"],
            "weight_decay": group["weight_decay"],
            "decoupled": group["decoupled_weight_decay"],
            "maximize": group["maximize"],
        }
        names = ("max_exp_avg_sq",) if group["amsgrad"] else ()
        rows = []
        for p, g, state in entries:
            m, v, step = state["exp_avg"], state["exp_avg_sq"], state["step"]
            rows.append((p, g, m, v, step, lr, *betas, *(state[name] for name in names)))
        update_all(operation, rows, **settings)


class AdamW(Adam):
    """Adam with decoupled weight decay: p <- p - lr weight_decay p before each step.

    Source: Loshchilov and Hutter 2019, arXiv:1711.05101.
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )
