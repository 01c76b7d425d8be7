"""NAdam: Adam with Nesterov momentum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._tensor.creation import tensor
from ..core.dtypes import float64
from ..core.inplace import update_all
from ..ops import formulas
from .checks import check_not_negative
from .group import ParamGroup
from .moments import STATE, Moments
from .optimizer import Entry, Parameters


class NAdam(Moments):
    """Adam with Nesterov momentum, whose coefficient grows.

        mu_t = beta1 (1 - 0.5 0.96^(t momentum_decay)),  M_t = mu_1 mu_2 ... mu_t
        m <- beta1 m + (1 - beta1) g
        v <- beta2 v + (1 - beta2) g^2
        d = (1 - mu_t) g / (1 - M_t) + mu_t+1 m / (1 - M_t+1)
        p <- p - lr d / (sqrt(v / (1 - beta2^t)) + eps)

    with weight_decay p added to g, or (`decoupled_weight_decay`) lr weight_decay p subtracted from
    p. `foreach`, `capturable` and `differentiable` are ignored.

    Errors: ArgumentError for a negative setting, or betas outside [0, 1).
    Source: Dozat 2016, Incorporating Nesterov momentum into Adam.

    >>> import gradatim
    >>> x = gradatim.tensor([1.0, -20.0], requires_grad=True)
    >>> optimizer = NAdam([x], lr=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([  0.8944, -19.8944], requires_grad=True)
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_not_negative("momentum_decay value", momentum_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def init_state(self, p: Any, group: ParamGroup) -> dict[str, Any]:
        """The averages, and the product of all momenta so far."""
        return {**super().init_state(p, group), "mu_product": tensor(1.0, dtype=float64)}

    def update(self, group: ParamGroup, entries: Iterable[Entry]) -> None:
        """Update the parameters of a group."""
        settings = {
            "eps": group["eps"],
            "weight_decay": group["weight_decay"],
            "momentum_decay": group["momentum_decay"],
            "decoupled": group["decoupled_weight_decay"],
            "maximize": group["maximize"],
        }
        numbers, names = (group.tensor("lr"), *group.tensors("betas")), (*STATE, "mu_product")
        rows = [(p, g, *[s[name] for name in names], *numbers) for p, g, s in entries]
        update_all(formulas.nadam, rows, **settings)
