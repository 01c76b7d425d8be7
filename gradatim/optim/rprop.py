"""Rprop: only the signs of full-batch gradients count."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._tensor.creation import tensor
from .._tensor.like import full_like, zeros_like
from ..core.dtypes import float64
from ..core.errors import ArgumentError
from ..core.inplace import update_all
from ..ops import step_sizes as formulas
from .checks import check_not_negative
from .group import ParamGroup
from .optimizer import Entry, Optimizer, Parameters


class Rprop(Optimizer):
    """Each element has its own step size, which grows while its gradient keeps its sign.

        d <- clamp(d eta+, min, max)        if the gradient has the sign of the last one
        d <- clamp(d eta-, min, max), g = 0 if it has turned
        p <- p - d sign(g)

    Only for full-batch gradients: the noise of batches flips signs. `foreach`, `capturable` and
    `differentiable` are ignored.

    Errors: ArgumentError for a negative rate, or unless 0 < eta- < 1 < eta+.
    Source: Riedmiller and Braun 1993.

    >>> import gradatim
    >>> x = gradatim.tensor([1.0, -20.0], requires_grad=True)
    >>> optimizer = Rprop([x], lr=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([  0.9000, -19.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_not_negative("learning rate", lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ArgumentError(f"Invalid eta values: {etas[0]}, {etas[1]}; 0 < eta- < 1 < eta+")
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def init_state(self, p: Any, group: ParamGroup) -> dict[str, Any]:
        """The step count, the last gradient, and the step sizes."""
        step = tensor(0.0, dtype=float64)
        return {"step": step, "prev": zeros_like(p), "step_size": full_like(p, group["lr"])}

    def update(self, group: ParamGroup, entries: Iterable[Entry]) -> None:
        """Update the parameters of a group."""
        (less, more), (low, high) = group["etas"], group["step_sizes"]
        settings = {"less": less, "more": more, "low": low, "high": high}
        rows = [(p, g, s["prev"], s["step_size"], s["step"]) for p, g, s in entries]
        update_all(formulas.rprop, rows, **settings, maximize=group["maximize"])
