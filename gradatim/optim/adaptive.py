"""Adagrad, RMSprop and Adadelta, which divide each gradient by a running estimate of its size.

Their formulas are in `ops.step_sizes`: one operation updates all parameters.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._tensor.creation import tensor
from .._tensor.like import full_like, zeros_like
from ..core.dtypes import float64
from ..core.errors import ArgumentError
from ..core.inplace import update_all
from ..ops import step_sizes
from .checks import check_fused, check_not_negative
from .group import ParamGroup
from .optimizer import Entry, Optimizer, Parameters


class Adagrad(Optimizer):
    """Steps shrink, element by element, with the sum of all squared gradients so far.

        v <- v + g^2
        p <- p - lr / (1 + (t - 1) lr_decay) g / (sqrt(v) + eps)

    with weight_decay p added to g. `foreach`, `fused` and `differentiable` are ignored.

    Errors: ArgumentError for a negative setting.
    Source: Duchi, Hazan and Singer 2011, JMLR 12.

    >>> import gradatim
    >>> x = gradatim.tensor([1.0, -20.0], requires_grad=True)
    >>> optimizer = Adagrad([x], lr=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([  0.9000, -19.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_not_negative("learning rate", lr)
        check_not_negative("lr_decay value", lr_decay)
        check_not_negative("weight_decay value", weight_decay)
        check_not_negative("initial_accumulator_value value", initial_accumulator_value)
        check_not_negative("epsilon value", eps)
        check_fused(fused, foreach, differentiable)
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def init_state(self, p: Any, group: ParamGroup) -> dict[str, Any]:
        """The step count and the sum of squares."""
        start = full_like(p, group["initial_accumulator_value"])
        return {"step": tensor(0.0, dtype=float64), "sum": start}

    def update(self, group: ParamGroup, entries: Iterable[Entry]) -> None:
        """Update the parameters of a group."""
        names = ("lr_decay", "eps", "weight_decay", "maximize")
        lr, settings = group.tensor("lr"), {name: group[name] for name in names}
        rows = [(p, g, s["sum"], s["step"], lr) for p, g, s in entries]
        update_all(step_sizes.adagrad, rows, **settings)


class RMSprop(Optimizer):
    """Each gradient is divided by the root of a moving average of its square.

        v <- alpha v + (1 - alpha) g^2
        p <- p - lr g / (sqrt(v) + eps)

    with weight_decay p added to g. With `centered`, v is a variance: the square of the mean
    gradient is subtracted. With momentum b <- momentum b + g / (sqrt(v) + eps) and p <- p - lr b.
    `foreach`, `capturable` and `differentiable` are ignored.

    Errors: ArgumentError for a negative setting.
    Source: Tieleman and Hinton 2012, lecture 6.5; centered Graves 2013, arXiv:1308.0850.

    >>> import gradatim
    >>> x = gradatim.tensor([1.0, -20.0], requires_grad=True)
    >>> optimizer = RMSprop([x], lr=0.1, alpha=0.75)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([  0.8000, -19.8000], requires_grad=True)
    """

    numbers = ("lr", "momentum")

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_not_negative("learning rate", lr)
        check_not_negative("epsilon value", eps)
        check_not_negative("momentum value", momentum)
        check_not_negative("weight_decay value", weight_decay)
        check_not_negative("alpha value", alpha)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def init_state(self, p: Any, group: ParamGroup) -> dict[str, Any]:
        """The step count, the mean square, and the buffers for momentum and `centered`."""
        state = {"step": tensor(0.0, dtype=float64), "square_avg": zeros_like(p)}
        if group["momentum"] > 0:
            state["momentum_buffer"] = zeros_like(p)
        if group["centered"]:
            state["grad_avg"] = zeros_like(p)
        return state

    def on_number_set(self, group: ParamGroup, name: str, value: float) -> None:
        """Allocate buffers if momentum is turned on later, before a step that may be traced."""
        if name == "momentum" and value > 0:
            for p in group["params"]:
                self.state[p].setdefault("momentum_buffer", zeros_like(p))

    def update(self, group: ParamGroup, entries: Iterable[Entry]) -> None:
        """Update the parameters of a group."""
        names = ("alpha", "eps", "weight_decay", "maximize")
        settings = {name: group[name] for name in names}
        numbers = (group.tensor("lr"), group.tensor("momentum"))
        mean = ("grad_avg",) if group["centered"] else ()
        rows: dict[tuple[str, ...], list[Any]] = {}  # by the names of what they keep
        for p, g, state in entries:
            buffer = ("momentum_buffer",) if "momentum_buffer" in state else ()
            kept = ("square_avg", *mean, *buffer)
            row = (p, g, *[state[name] for name in kept], state["step"], *numbers)
            rows.setdefault((*mean, *buffer), []).append(row)
        for more, alike in rows.items():
            update_all(_RMSPROP[more], alike, **settings)


_RMSPROP = {
    (): step_sizes.rmsprop,
    ("momentum_buffer",): step_sizes.rmsprop_momentum,
    ("grad_avg",): step_sizes.rmsprop_centered,
    ("grad_avg", "momentum_buffer"): step_sizes.rmsprop_centered_momentum,
}


class Adadelta(Optimizer):
    """Steps scaled by the ratio of recent steps to recent gradients; `lr` needs no tuning.

        v <- rho v + (1 - rho) g^2
        d = sqrt(u + eps) / sqrt(v + eps) g
        u <- rho u + (1 - rho) d^2
        p <- p - lr d

    with weight_decay p added to g. `foreach`, `capturable` and `differentiable` are ignored.

    Errors: ArgumentError for a negative setting, or a rho above 1.
    Source: Zeiler 2012, arXiv:1212.5701.

    >>> import gradatim
    >>> x = gradatim.tensor([1.0, -20.0], requires_grad=True)
    >>> optimizer = Adadelta([x], rho=0.75, eps=1e-4)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([  0.9800, -19.9800], requires_grad=True)
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_not_negative("learning rate", lr)
        check_not_negative("rho value", rho)
        check_not_negative("epsilon value", eps)
        check_not_negative("weight_decay value", weight_decay)
        if rho > 1:
            raise ArgumentError(f"Invalid rho value: {rho}; it must be in [0, 1]")
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def init_state(self, p: Any, group: ParamGroup) -> dict[str, Any]:
        """The step count and the mean squares of gradients and of steps."""
        step = tensor(0.0, dtype=float64)
        return {"step": step, "square_avg": zeros_like(p), "acc_delta": zeros_like(p)}

    def update(self, group: ParamGroup, entries: Iterable[Entry]) -> None:
        """Update the parameters of a group."""
        names = ("rho", "eps", "weight_decay", "maximize")
        lr, settings = group.tensor("lr"), {name: group[name] for name in names}
        rows = [(p, g, s["square_avg"], s["acc_delta"], s["step"], lr) for p, g, s in entries]
        update_all(step_sizes.adadelta, rows, **settings)
