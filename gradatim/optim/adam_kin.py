"""NAdam, RAdam and Adamax: Adam with Nesterov momentum, automatic warm-up, or the max norm.

As in `adaptive.py`, the updates have one line for each line of the formula.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._tensor.comparison import where
from .._tensor.creation import tensor
from .._tensor.like import zeros_like
from ..core.dtypes import float64
from .adaptive import _slope
from .checks import check_betas, check_not_negative
from .group import ParamGroup
from .optimizer import Entry, Optimizer, Parameters


class _AdamKin(Optimizer):
    """The base of all three: their settings, and two moving averages as state."""

    numbers = ("lr", "betas")
    second = "exp_avg_sq"  # the name of the second average

    def __init__(self, params: Parameters, defaults: dict[str, Any]) -> None:
        check_not_negative("learning rate", defaults["lr"])
        check_betas(defaults["betas"])
        check_not_negative("epsilon value", defaults["eps"])
        check_not_negative("weight_decay value", defaults["weight_decay"])
        super().__init__(params, defaults)

    def init_state(self, p: Any, group: ParamGroup) -> dict[str, Any]:
        """The step count and the two averages."""
        step = tensor(0.0, dtype=float64)
        return {"step": step, "exp_avg": zeros_like(p), self.second: zeros_like(p)}


def _decayed(p: Any, g: Any, group: ParamGroup) -> Any:
    """The gradient to descend, with weight decay unless that is decoupled."""
    if not group["decoupled_weight_decay"]:
        return _slope(p, g, group)
    if group["weight_decay"]:
        p.mul_(1 - group.tensor("lr") * group["weight_decay"])
    return -g if group["maximize"] else g


class NAdam(_AdamKin):
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
        lr, (beta1, beta2), decay = (
            group.tensor("lr"),
            group.tensors("betas"),
            group["momentum_decay"],
        )
        for p, g, state in entries:
            m, v = state["exp_avg"], state["exp_avg_sq"]
            step, product = state["step"].add_(1), state["mu_product"]
            g = _decayed(p, g, group)
            mu = beta1 * (1 - 0.5 * 0.96 ** (step * decay))
            ahead = beta1 * (1 - 0.5 * 0.96 ** ((step + 1) * decay))
            product.mul_(mu)
            m.lerp_(g, 1 - beta1)
            v.mul_(beta2).add_(g * g * (1 - beta2))
            size = (v / (1 - beta2**step)).sqrt() + group["eps"]
            p.sub_(lr * (1 - mu) / (1 - product) * (g / size))
            p.sub_(lr * ahead / (1 - product * ahead) * (m / size))


class RAdam(_AdamKin):
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
        lr, (beta1, beta2) = group.tensor("lr"), group.tensors("betas")
        for p, g, state in entries:
            m, v, step = state["exp_avg"], state["exp_avg_sq"], state["step"].add_(1)
            g = _decayed(p, g, group)
            m.lerp_(g, 1 - beta1)
            v.mul_(beta2).add_(g * g * (1 - beta2))
            left = 1 - beta2**step
            most = 2 / (1 - beta2) - 1
            length = most - 2 * step * beta2**step / left
            trusted = length > 5
            safe = where(trusted, length, 6.0)  # the square root of less would be nan
            part = (safe - 4) * (safe - 2) * most / ((most - 4) * (most - 2) * safe)
            scale = (part * left).sqrt() / (v.sqrt() + group["eps"])
            p.sub_(m / (1 - beta1**step) * lr * where(trusted, scale, 1.0))


class Adamax(_AdamKin):
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
        lr, (beta1, beta2) = group.tensor("lr"), group.tensors("betas")
        for p, g, state in entries:
            m, u, step = state["exp_avg"], state["exp_inf"], state["step"].add_(1)
            g = _slope(p, g, group)
            m.lerp_(g, 1 - beta1)
            u.copy_((u * beta2).maximum(g.abs() + group["eps"]))
            p.sub_(lr / (1 - beta1**step) * (m / u))
