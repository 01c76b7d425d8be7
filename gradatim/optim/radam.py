"""RAdam: Adam with an automatic warm-up."""

from __future__ import annotations

from collections.abc import Iterable

from ..core.inplace import update_all
from ..ops import formulas
from .group import ParamGroup
from .moments import STATE, Moments
from .optimizer import Entry, Parameters


class RAdam(Moments):
    """Adam that uses its second average only once enough gradients are in it.

        r_t = r - 2 t beta2^t / (1 - beta2^t),  r = 2 / (1 - beta2) - 1
        m, v as in Adam, m^ = m / (1 - beta1^t)
        p <- p - lr m^ sqrt(R) sqrt(1 - beta2^t) / (sqrt(v) + eps)   if r_t > 5
        p <- p - lr m^                                               until then

    with R = (r_t - 4)(r_t - 2) r / ((r - 4)(r - 2) r_t), which replaces a warm-up. Weight decay as
    in `NAdam`. `foreach`, `capturable` and `differentiable` are ignored.

    Errors: ArgumentError for a negative setting, or betas outside [0, 1).
    Source: Liu et al. 2020, arXiv:1908.03265.

    >>> import gradatim
    >>> x = gradatim.tensor([1.0, -20.0], requires_grad=True)
    >>> optimizer = RAdam([x], lr=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([  0.8000, -16.0000], requires_grad=True)
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def update(self, group: ParamGroup, entries: Iterable[Entry]) -> None:
        """Update the parameters of a group."""
        settings = {
            "eps": group["eps"],
            "weight_decay": group["weight_decay"],
            "decoupled": group["decoupled_weight_decay"],
            "maximize": group["maximize"],
        }
        numbers = (group.tensor("lr"), *group.tensors("betas"))
        rows = [(p, g, *[s[name] for name in STATE], *numbers) for p, g, s in entries]
        update_all(formulas.radam, rows, **settings)
