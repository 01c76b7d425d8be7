"""L-BFGS: Newton's method with the curvature estimated from the last few steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._tensor.joining import cat
from ..autograd import enable_grad
from ..core.context import GradMode
from ..core.errors import ArgumentError
from .checks import check_not_negative
from .line_search import Point, StrongWolfe
from .optimizer import Optimizer, Parameters

Closure = Callable[[], Any]


class LBFGS(Optimizer):
    """Up to `max_iter` steps along -H g per `step(closure)`, with an estimate H of 1 / curvature.

        H g by two loops over the last `history_size` pairs s = (change of p), y = (change of g)
        p <- p - t H g,  t = lr, or by a line search

    For full-batch gradients: noise spoils the estimate. The closure computes the loss and its
    gradients (`zero_grad`, `backward`) and returns the loss; it is called several times per step,
    at most `max_eval` (by default 5/4 `max_iter`). `line_search_fn="strong_wolfe"` searches a good
    t in each iteration. It stops early if no gradient exceeds `tolerance_grad`, or if step or loss
    change by less than `tolerance_change`. All parameters form one group. A step cannot be traced,
    since it depends on values; the closure may be a compiled function.

    Errors: ArgumentError for several groups, a negative rate, or another line search; TypeError for
    a step without a closure.
    Source: Liu and Nocedal 1989, On the limited memory BFGS method for large scale optimization.

    >>> import gradatim
    >>> x = gradatim.tensor([3.0, -2.0], requires_grad=True)
    >>> optimizer = LBFGS([x], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = ((x - 1) ** 2 * gradatim.tensor([1.0, 50.0])).sum()
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure)
    tensor(454., grad_fn=<SumBackward0>)
    >>> x
    tensor([1.0000, 1.0000], requires_grad=True)
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_not_negative("learning rate", lr)
        if line_search_fn not in (None, "strong_wolfe"):
            raise ArgumentError(
                f'LBFGS: line_search_fn is "strong_wolfe" or None, got {line_search_fn!r}'
            )
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ArgumentError("LBFGS doesn't support per-parameter options (parameter groups)")
        self._params = self.param_groups[0]["params"]

    def step(self, closure: Closure | None = None) -> Any:
        """Take several steps; returns the loss before the first one."""
        if closure is None:
            raise TypeError("LBFGS.step() needs a closure that computes the loss and its gradients")
        group = self.param_groups[0]
        state = self.state[self._params[0]]
        for name in ("func_evals", "n_iter"):
            state.setdefault(name, 0)
        with enable_grad():
            loss = closure()
        with GradMode(False):
            self._descend(closure, loss, group, state)
        return loss

    def _descend(self, closure: Closure, loss: Any, group: Any, state: dict[str, Any]) -> None:
        here = Point(0.0, float(loss), self._gradient(), 0.0)
        evaluations = 1
        state["func_evals"] += 1
        steps = 0
        tolerance = group["tolerance_change"]
        while steps < group["max_iter"] and not _is_small(here.gradient, group["tolerance_grad"]):
            steps += 1
            state["n_iter"] += 1
            direction = self._direction(here.gradient, group["history_size"], state)
            state["prev_flat_grad"], state["prev_loss"] = here.gradient, here.value
            t = group["lr"]
            if state["n_iter"] == 1:  # no curvature estimate yet: a short step
                t *= min(1.0, 1.0 / here.gradient.abs().sum().item())
            slope = here.gradient.dot(direction).item()
            state["d"], state["t"] = direction, t
            if slope > -tolerance:
                break
            before = here
            if group["line_search_fn"]:
                here, looks = self._searched(
                    closure, before, direction, t, slope, group["max_eval"] - evaluations
                )
                state["t"] = here.t
            else:
                self._move(direction, t)
                looks = 0
                if steps < group["max_iter"]:
                    here, looks = self._evaluated(closure, 0.0, direction), 1
            evaluations += looks
            state["func_evals"] += looks
            if (
                evaluations >= group["max_eval"]
                or _is_small(direction * state["t"], tolerance)
                or abs(here.value - before.value) < tolerance
            ):
                break

    def _direction(self, g: Any, history: int, state: dict[str, Any]) -> Any:
        """-H g, after the last step was added to the curvature pairs."""
        if state["n_iter"] == 1:
            state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1.0)
            return -g
        pairs = state["old_dirs"], state["old_stps"], state["ro"]  # y, s and 1 / (y s)
        y, s = g - state["prev_flat_grad"], state["d"] * state["t"]
        ys = y.dot(s).item()
        if ys > 1e-10:
            for kept, new in zip(pairs, (y, s, 1.0 / ys), strict=True):
                kept.append(new)
                del kept[: max(len(kept) - history, 0)]
            state["H_diag"] = ys / y.dot(y).item()
        q = -g
        shares = []
        for y, s, ro in reversed(list(zip(*pairs, strict=True))):
            shares.append(s.dot(q) * ro)
            q = q - y * shares[-1]
        q = q * state["H_diag"]
        for (y, s, ro), share in zip(zip(*pairs, strict=True), reversed(shares), strict=True):
            q = q + s * (share - y.dot(q) * ro)
        return q

    def _searched(
        self, closure: Closure, start: Point, direction: Any, t: float, slope: float, most: int
    ) -> tuple[Point, int]:
        """The point found, where the parameters are moved to, and the number of evaluations."""
        kept = [p.clone() for p in self._params]
        looks = 0

        def at(t: float) -> Point:
            nonlocal looks
            looks += 1
            self._move(direction, t)
            point = self._evaluated(closure, t, direction)
            for p, was in zip(self._params, kept, strict=True):
                p.copy_(was)
            return point

        first = Point(0.0, start.value, start.gradient, slope)
        point = StrongWolfe(at, first, direction.abs().max().item(), most).search(t)
        self._move(direction, point.t)
        return point, looks

    def _evaluated(self, closure: Closure, t: float, direction: Any) -> Point:
        with enable_grad():
            value = float(closure())
        g = self._gradient()
        return Point(t, value, g, g.dot(direction).item())

    def _gradient(self) -> Any:
        """The gradients of all parameters, concatenated."""
        rows = [(p * 0 if p.grad is None else p.grad).reshape(-1) for p in self._params]
        return cat(rows)

    def _move(self, direction: Any, t: float) -> None:
        start = 0
        for p in self._params:
            part = direction[start : start + p.numel()]
            p.add_(part.reshape(p.shape), alpha=t)
            start += p.numel()


def _is_small(x: Any, most: float) -> bool:
    return bool(x.abs().max().item() <= most)
