"""Adamax: Adam scaled by the max norm."""

from __future__ import annotations

from collections.abc import Iterable

from ..core.inplace import update_all
from ..ops import formulas
from .group import ParamGroup
from .moments import Moments
from .optimizer import Entry, Parameters


class Adamax(Moments):
    """Adam scaled by a decaying maximum of the gradient instead of its root mean square.

        m <- beta1 m + (1 - beta1) g
        u <- max(beta2 u, |g| + eps)
        p <- p - lr / (1 - beta1^t) m / u

    with weight_decay p added to g. `foreach`, `capturable` and `differentiable` are ignored.

    Errors: ArgumentError for a negative setting, or betas outside [0, 1).
    Source: Kingma and Ba 2015, section 7.1, arXiv:1412.6980.

    >>> import gradatim
    >>> x = gradatim.tensor([1.0, -20.0], requires_grad=True)
    >>> optimizer = Adamax([x], lr=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([  0.9000, -19.9000], requires_grad=True)
    """

    second = "exp_inf"

    def __init__(
        self,
        params: Parameters,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def update(self, group: ParamGroup, entries: Iterable[Entry]) -> None:
        """Update the parameters of a group."""
        settings = {name: group[name] for name in ("eps", "weight_decay", "maximize")}
        numbers, names = (
            (group.tensor("lr"), *group.tensors("betas")),
            ("exp_avg", "exp_inf", "step"),
        )
        rows = [(p, g, *[s[name] for name in names], *numbers) for p, g, s in entries]
        update_all(formulas.adamax, rows, **settings)
