"""Steps whose sizes follow each element's own gradients, and averaged descent, each as a `Formula`.

Adagrad, RMSprop and Adadelta divide by the size of past gradients, Rprop asks only for their signs;
ASGD averages the parameters. Weight decay and `maximize` are those of `updates.slope`.
"""

from __future__ import annotations

from typing import Any

from .elementwise import add, div, gt, like, lt, maximum, minimum, mul, neg, sign, sqrt, sub, where
from .formulas import Formula, choice
from .updates import over, slope


def _squares(v: Any, g: Any, kept: Any, new: Any) -> Any:
    """A moving average of squares."""
    return add(mul(v, over(kept, v)), mul(mul(g, g), over(new, g)))


# -- Adagrad -------------------------------------------------------------------------------


def _adagrad_factors(
    step: Any, lr: Any, *, lr_decay: float, eps: float, weight_decay: float
) -> Any:
    rate = lr / (1 + step * lr_decay)
    return (rate, lr * 0 + eps, lr * 0 + weight_decay), (step + 1,)


def _adagrad_arrays(
    p: Any, g: Any, v: Any, rate: Any, least: Any, decay: Any, **static: Any
) -> Any:
    g = slope(p, g, decay, **static)
    v = add(v, mul(g, g))
    return sub(p, div(mul(g, over(rate, g)), add(sqrt(v), over(least, v)))), v


# v <- v + g^2,  p <- p - lr / (1 + (t - 1) lr_decay) g / (sqrt(v) + eps)
adagrad = Formula(
    "adagrad(p, g, v, step, lr, *, lr_decay, eps, weight_decay, maximize)",
    _adagrad_arrays,
    _adagrad_factors,
    replaces=("p", "v", "step"),
    numbers=("step", "lr"),
    array_params=("weight_decay", "maximize"),
    factor_params=("lr_decay", "eps", "weight_decay"),
)

# -- RMSprop -------------------------------------------------------------------------------


def _rmsprop_factors(
    step: Any, lr: Any, momentum: Any, *, alpha: float, eps: float, weight_decay: float
) -> Any:
    zero = lr * 0
    parts = (zero + alpha, zero + (1 - alpha), zero + eps, lr, momentum, zero + weight_decay)
    return parts, (step + 1,)


def _rmsprop(name: str, *, centered: bool, momentum: bool) -> Formula:
    """One of the four forms, which keep different arrays: v, m if centered, b with momentum."""

    def arrays(p: Any, g: Any, v: Any, *rest: Any, **static: Any) -> Any:
        more, (kept, new, least, lr, part, decay) = list(rest[:-6]), rest[-6:]
        g = slope(p, g, decay, **static)
        size = v = _squares(v, g, kept, new)
        if centered:
            m = more[0] = add(more[0], mul(sub(g, more[0]), over(new, g)))
            size = sub(v, mul(m, m))
        step = div(g, add(sqrt(size), over(least, v)))
        if momentum:
            step = more[-1] = add(mul(more[-1], over(part, step)), step)
        return sub(p, mul(step, over(lr, p))), v, *more

    kept = ("v", *["m"] * centered, *["b"] * momentum)
    return Formula(
        f"{name}(p, g, {', '.join(kept)}, step, lr, momentum,"
        " *, alpha, eps, weight_decay, maximize)",
        arrays,
        _rmsprop_factors,
        replaces=("p", *kept, "step"),
        numbers=("step", "lr", "momentum"),
        array_params=("weight_decay", "maximize"),
        factor_params=("alpha", "eps", "weight_decay"),
    )


# v <- alpha v + (1 - alpha) g^2,  p <- p - lr g / (sqrt(v) + eps);  centered: m likewise of g, and
# sqrt(v - m^2);  with momentum: b <- momentum b + g / (sqrt(v) + eps),  p <- p - lr b
rmsprop = _rmsprop("rmsprop", centered=False, momentum=False)
rmsprop_momentum = _rmsprop("rmsprop_momentum", centered=False, momentum=True)
rmsprop_centered = _rmsprop("rmsprop_centered", centered=True, momentum=False)
rmsprop_centered_momentum = _rmsprop("rmsprop_centered_momentum", centered=True, momentum=True)

# -- Adadelta ------------------------------------------------------------------------------


def _adadelta_factors(step: Any, lr: Any, *, rho: float, eps: float, weight_decay: float) -> Any:
    zero = lr * 0
    return (lr, zero + rho, zero + (1 - rho), zero + eps, zero + weight_decay), (step + 1,)


def _adadelta_arrays(
    p: Any,
    g: Any,
    v: Any,
    u: Any,
    lr: Any,
    kept: Any,
    new: Any,
    least: Any,
    decay: Any,
    **static: Any,
) -> Any:
    g = slope(p, g, decay, **static)
    v = _squares(v, g, kept, new)
    ratio = div(sqrt(add(u, over(least, u))), sqrt(add(v, over(least, v))))
    step = mul(ratio, g)
    return sub(p, mul(step, over(lr, p))), v, _squares(u, step, kept, new)


# v <- rho v + (1 - rho) g^2,  d = sqrt(u + eps) / sqrt(v + eps) g,  u <- rho u + (1 - rho) d^2,
# p <- p - lr d
adadelta = Formula(
    "adadelta(p, g, v, u, step, lr, *, rho, eps, weight_decay, maximize)",
    _adadelta_arrays,
    _adadelta_factors,
    replaces=("p", "v", "u", "step"),
    numbers=("step", "lr"),
    array_params=("weight_decay", "maximize"),
    factor_params=("rho", "eps", "weight_decay"),
)

# -- Rprop ---------------------------------------------------------------------------------


def _rprop_factors(step: Any, *, less: float, more: float, low: float, high: float) -> Any:
    return tuple([step * 0 + x for x in (less, more, low, high)]), (step + 1,)


def _rprop_arrays(
    p: Any,
    g: Any,
    last: Any,
    size: Any,
    less: Any,
    more: Any,
    low: Any,
    high: Any,
    *,
    maximize: bool,
) -> Any:
    g = neg(g) if maximize else g
    turn, zero = mul(g, last), like(g, 0)
    has_turned = lt(turn, zero)
    factor = where(has_turned, over(less, g), like(g, 1))
    size = mul(size, where(gt(turn, zero), over(more, g), factor))
    size = minimum(maximum(size, over(low, size)), over(high, size))
    g = where(has_turned, zero, g)
    return sub(p, mul(sign(g), size)), g, size


# d <- clamp(d more, low, high) where g has the sign of the last one,  clamp(d less, low, high) and
# g = 0 where it has turned,  p <- p - d sign(g)
rprop = Formula(
    "rprop(p, g, last, size, step, *, less, more, low, high, maximize)",
    _rprop_arrays,
    _rprop_factors,
    replaces=("p", "last", "size", "step"),
    numbers=("step",),
    array_params=("maximize",),
    factor_params=("less", "more", "low", "high"),
)

# -- ASGD ----------------------------------------------------------------------------------


def _asgd_factors(
    step: Any,
    eta: Any,
    mu: Any,
    lr: Any,
    *,
    lambd: float,
    alpha: float,
    t0: float,
    weight_decay: float,
) -> Any:
    step = step + 1
    next_eta = lr / (1 + lambd * lr * step) ** alpha
    next_mu = 1 / choice(step > t0 + 1, step - t0, 1.0)
    return (1 - lambd * eta, eta, mu, lr * 0 + weight_decay), (step, next_eta, next_mu)


def _asgd_arrays(
    p: Any, g: Any, average: Any, kept: Any, eta: Any, mu: Any, decay: Any, **static: Any
) -> Any:
    g = slope(p, g, decay, **static)
    p = sub(mul(p, over(kept, p)), mul(g, over(eta, g)))
    return p, add(average, mul(sub(p, average), over(mu, p)))


# p <- p (1 - lambd eta) - eta g,  a <- a + mu (p - a),  then eta <- lr / (1 + lambd lr t)^alpha,
# mu <- 1 / max(1, t - t0)
asgd = Formula(
    "asgd(p, g, a, step, eta, mu, lr, *, lambd, alpha, t0, weight_decay, maximize)",
    _asgd_arrays,
    _asgd_factors,
    replaces=("p", "a", "step", "eta", "mu"),
    numbers=("step", "eta", "mu", "lr"),
    array_params=("weight_decay", "maximize"),
    factor_params=("lambd", "alpha", "t0", "weight_decay"),
)
