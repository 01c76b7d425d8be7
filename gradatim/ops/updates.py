"""Optimiser steps: the update of one parameter as one operation.

Numbers that may change from step to step (learning rate, momentum, step count) are float64 0-d
tensors, cast only in the update: 1 - 0.999 in float32 would have a relative error of 1.3e-5.
Numbers that never change are static parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from ..core.update import Sweep, Update
from .broadcast import broadcast_to, full
from .elementwise import add, cast, clamp, div, like, maximum, mul, neg, pow_, sqrt, sub

Array = np.ndarray[Any, Any]
Factors = tuple[tuple[Array, ...], tuple[float, ...]]

BLOCK = 1 << 16  # elements handled at a time: 256 KB of float32 in each array
SMALL = 1 << 13  # elements; up to this size call overhead exceeds the arithmetic and the copying


def _blocks(*arrays: Array) -> Iterable[tuple[Array, ...]]:
    """The arrays in pieces that stay in cache (small ones whole), each with a scratch array."""
    first = arrays[0]
    if first.size > BLOCK and all(a.flags.c_contiguous for a in arrays):
        return _pieces([a.reshape(-1) for a in arrays], np.empty(BLOCK, first.dtype))
    return ((*arrays, np.empty_like(first)),)


def _pieces(flat: list[Array], scratch: Array) -> Iterator[tuple[Array, ...]]:
    for start in range(0, flat[0].size, BLOCK):
        pieces = [a[start : start + BLOCK] for a in flat]
        yield (*pieces, scratch[: len(pieces[0])])


def over(number: Any, x: Any) -> Any:
    """A float64 0-d tensor, cast and broadcast to the type of x."""
    kind = x._type
    if number._value.dtype != kind.dtype:
        number = cast(number, dtype=kind.dtype)
    return broadcast_to(number, shape=kind.shape)


def _one(x: Any) -> Any:
    return full((), 1, x._value.dtype)


def slope(p: Any, g: Any, decay: Any, weight_decay: float, maximize: bool) -> Any:
    """The gradient to descend: negated for `maximize`, plus `decay` p if there is weight decay."""
    if maximize:
        g = neg(g)
    return add(g, mul(p, over(decay, p))) if weight_decay else g


def _slope_value(p: Array, g: Array, weight_decay: float, maximize: bool) -> Array:
    if maximize:
        g = np.negative(g)
    return np.add(np.multiply(p, weight_decay), g) if weight_decay else g


# -- stochastic gradient descent -----------------------------------------------------------


def _expand_sgd(p: Any, g: Any, lr: Any, *, weight_decay: float, maximize: bool) -> Any:
    decay = like(lr, weight_decay)
    return _sweep(p, g, lr, decay, weight_decay=weight_decay, maximize=maximize)


def _sweep(p: Any, g: Any, rate: Any, decay: Any, *, weight_decay: float, maximize: bool) -> Any:
    return sub(p, mul(slope(p, g, decay, weight_decay, maximize), over(rate, p)))


def _sgd(p: Array, g: Array, lr: Array, *, weight_decay: float, maximize: bool) -> None:
    rate = float(lr)
    if p.size <= BLOCK and not weight_decay and not maximize:  # the common case, in two calls
        p -= np.multiply(g, rate)
        return
    for P, G, work in _blocks(p, g):
        P -= np.multiply(_slope_value(P, G, weight_decay, maximize), rate, work)


def _sgd_factors(lr: Array, *, dtype: np.dtype[Any], weight_decay: float) -> Factors:
    return (lr.astype(dtype), np.array(weight_decay, dtype)), ()


# p <- p - lr (g + weight_decay p)
sgd = Update(
    "sgd(p, g, lr, *, weight_decay, maximize)",
    _expand_sgd,
    _sgd,
    replaces=("p",),
    numbers=("lr",),
    sweep=Sweep(
        _sweep,
        _sgd_factors,
        expand_params=("weight_decay", "maximize"),
        factor_params=("weight_decay",),
    ),
)


def _expand_sgd_momentum(
    p: Any,
    g: Any,
    b: Any,
    lr: Any,
    momentum: Any,
    dampening: Any,
    *,
    weight_decay: float,
    nesterov: bool,
    maximize: bool,
) -> Any:
    part = sub(_one(dampening), dampening)
    return _sweep_with_momentum(
        p, g, b, lr, momentum, part, like(lr, weight_decay),
        weight_decay=weight_decay, nesterov=nesterov, maximize=maximize,
    )  # fmt: skip


def _sweep_with_momentum(
    p: Any,
    g: Any,
    b: Any,
    rate: Any,
    keep: Any,
    part: Any,
    decay: Any,
    *,
    weight_decay: float,
    nesterov: bool,
    maximize: bool,
) -> Any:
    g = slope(p, g, decay, weight_decay, maximize)
    b = add(mul(b, over(keep, p)), mul(g, over(part, p)))
    step = add(g, mul(b, over(keep, p))) if nesterov else b
    return sub(p, mul(step, over(rate, p))), b


def _sgd_momentum(
    p: Array,
    g: Array,
    b: Array,
    lr: Array,
    momentum: Array,
    dampening: Array,
    *,
    weight_decay: float,
    nesterov: bool,
    maximize: bool,
) -> None:
    rate, keep, part = float(lr), float(momentum), 1 - float(dampening)
    for P, G, B, work in _blocks(p, g, b):
        G = _slope_value(P, G, weight_decay, maximize)
        B *= keep
        B += G if part == 1 else np.multiply(G, part, work)
        np.multiply(B, keep if nesterov else rate, work)
        if nesterov:
            work += G
            work *= rate
        P -= work


def _momentum_factors(
    lr: Array, momentum: Array, dampening: Array, *, dtype: np.dtype[Any], weight_decay: float
) -> Factors:
    return tuple([np.array(x, dtype) for x in (lr, momentum, 1 - dampening, weight_decay)]), ()


# b <- momentum b + (1 - dampening) g,  p <- p - lr b  (Nesterov: p - lr (g + momentum b))
sgd_momentum = Update(
    "sgd_momentum(p, g, b, lr, momentum, dampening, *, weight_decay, nesterov, maximize)",
    _expand_sgd_momentum,
    _sgd_momentum,
    replaces=("p", "b"),
    numbers=("lr", "momentum", "dampening"),
    sweep=Sweep(
        _sweep_with_momentum,
        _momentum_factors,
        expand_params=("weight_decay", "nesterov", "maximize"),
        factor_params=("weight_decay",),
    ),
)

# -- clipping of gradients -----------------------------------------------------------------


def _scale(x: Array, factor: Array) -> None:
    np.multiply(x, factor.astype(x.dtype), x)


# x <- factor x
scale_in = Update(
    "scale_in(x, factor)",
    lambda x, factor: mul(x, over(factor, x)),
    _scale,
    replaces=("x",),
    numbers=("factor",),
)


def _clamp(x: Array, *, low: float, high: float) -> None:
    np.clip(x, low, high, x)


# x <- x clamped to [low, high]
clamp_in = Update(
    "clamp_in(x, *, low, high)",
    lambda x, *, low, high: clamp(x, low=low, high=high),
    _clamp,
    replaces=("x",),
)

# -- Adam ----------------------------------------------------------------------------------


def _expand_adam(
    p: Any,
    g: Any,
    m: Any,
    v: Any,
    step: Any,
    lr: Any,
    beta1: Any,
    beta2: Any,
    largest: Any = None,
    *,
    eps: float,
    weight_decay: float,
    decoupled: bool,
    maximize: bool,
) -> Any:
    step, one = add(step, _one(step)), _one(lr)
    n = cast(step, dtype=lr._value.dtype)  # a step count set by the user may be float32
    # p - rate / c1 m / (sqrt(v) / c2 + eps), with c2 factored out: one division fewer
    c2 = sqrt(sub(one, pow_(beta2, n)))
    scale = mul(div(lr, sub(one, pow_(beta1, n))), c2)
    least, kept = mul(c2, like(c2, eps)), sub(one, mul(lr, like(lr, weight_decay)))
    decay = like(lr, weight_decay)
    factors = sub(one, beta1), beta2, sub(one, beta2), least, scale, kept, decay
    arrays = (p, g, m, v) if largest is None else (p, g, m, v, largest)
    p, m, v, *largest = _adam_sweep(
        *arrays, *factors, weight_decay=weight_decay, decoupled=decoupled, maximize=maximize
    )
    return p, m, v, step, *largest


def _adam_sweep(
    p: Any, g: Any, m: Any, v: Any, *rest: Any, weight_decay: float, decoupled: bool, maximize: bool
) -> Any:
    *largest, new1, old2, new2, least, scale, kept, decay = rest
    g = slope(p, g, decay, 0.0 if decoupled else weight_decay, maximize)
    if decoupled and weight_decay:
        p = mul(p, over(kept, p))
    m = add(m, mul(sub(g, m), over(new1, p)))
    v = add(mul(v, over(old2, p)), mul(mul(g, g), over(new2, p)))
    largest = [maximum(x, v) for x in largest]
    size = add(sqrt(largest[0] if largest else v), over(least, p))
    p = sub(p, mul(div(m, size), over(scale, p)))
    return p, m, v, *largest


def _adam(
    p: Array,
    g: Array,
    m: Array,
    v: Array,
    step: Array,
    lr: Array,
    beta1: Array,
    beta2: Array,
    largest: Array | None = None,
    *,
    eps: float,
    weight_decay: float,
    decoupled: bool,
    maximize: bool,
) -> None:
    step += 1
    decay = weight_decay if decoupled else 0.0
    n, rate, b1, b2 = float(step), float(lr), float(beta1), float(beta2)
    factors = _adam_factors(n, rate, b1, b2, eps, decay, p.dtype)
    new1, old2, new2, least, scale, kept = factors
    for P, G, M, V, *L, work in _blocks(p, g, m, v, *(() if largest is None else (largest,))):
        G = _slope_value(P, G, 0.0 if decoupled else weight_decay, maximize)
        np.subtract(G, M, work)
        work *= new1
        M += work
        V *= old2
        np.multiply(G, G, work)
        work *= new2
        V += work
        np.sqrt(np.maximum(L[0], V, out=L[0]) if L else V, work)
        work += least
        np.divide(M, work, work)
        work *= scale
        if decay:
            P *= kept
        P -= work


@lru_cache(maxsize=16)
def _adam_factors(
    n: float, rate: float, b1: float, b2: float, eps: float, decay: float, dtype: np.dtype[Any]
) -> tuple[Array, ...]:
    """The scalars of a step as arrays: NumPy multiplies by these twice as fast as by floats."""
    # p - rate / c1 m / (sqrt(v) / c2 + eps), with c2 factored out: one pass fewer
    c2 = (1 - b2**n) ** 0.5
    scale = rate / (1 - b1**n) * c2
    return tuple(
        np.array(x, dtype) for x in (1 - b1, b2, 1 - b2, eps * c2, scale, 1 - rate * decay)
    )


def _next_factors(
    step: Array,
    lr: Array,
    beta1: Array,
    beta2: Array,
    *,
    dtype: np.dtype[Any],
    eps: float,
    weight_decay: float,
) -> Factors:
    n = float(step) + 1
    numbers = float(lr), float(beta1), float(beta2)
    factors = _adam_factors(n, *numbers, eps, weight_decay, dtype)
    return (*factors, np.array(weight_decay, dtype)), (n,)


_SWEEP = Sweep(
    _adam_sweep,
    _next_factors,
    expand_params=("weight_decay", "decoupled", "maximize"),
    factor_params=("eps", "weight_decay"),
)

# m <- beta1 m + (1 - beta1) g,  v <- beta2 v + (1 - beta2) g^2,  step <- step + 1,
# p <- p - lr (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + eps)
# weight_decay p is added to g, or (decoupled) lr weight_decay p subtracted from p.
adam = Update(
    "adam(p, g, m, v, step, lr, beta1, beta2, *, eps, weight_decay, decoupled, maximize)",
    _expand_adam,
    _adam,
    replaces=("p", "m", "v", "step"),
    numbers=("step", "lr", "beta1", "beta2"),
    small=SMALL,
    sweep=_SWEEP,
)

# The same, dividing by the root of the largest v so far
amsgrad = Update(
    "amsgrad(p, g, m, v, step, lr, beta1, beta2, largest,"
    " *, eps, weight_decay, decoupled, maximize)",
    _expand_adam,
    _adam,
    replaces=("p", "m", "v", "step", "largest"),
    numbers=("step", "lr", "beta1", "beta2"),
    small=SMALL,
    sweep=_SWEEP,
)
