"""Optimiser steps written once, in library operations; here those of NAdam, RAdam and Adamax.

A `Formula` is compiled into kernels like any update, and for small parameters its operations run
one by one on all of them, concatenated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.context import GradMode
from ..core.handle import Handle, wrap
from ..core.update import Sweep, Update
from .elementwise import abs_, add, div, like, maximum, mul, sqrt, sub, where
from .updates import SMALL, over, slope

Array = np.ndarray[Any, Any]


class Formula(Update):
    """An update given by its new arrays and by the numbers that these need.

    `arrays(*arrays, *factors)` computes the new arrays in library operations, `factors(*numbers)`
    the factors, then the new numbers, in operators that tensors and floats both have. They are also
    passed the static parameters named in `array_params` and `factor_params`; see `Sweep`. In
    `replaces` and in the signature, arrays come before numbers.
    """

    def __init__(
        self,
        signature: str,
        arrays: Callable[..., Any],
        factors: Callable[..., tuple[tuple[Any, ...], tuple[Any, ...]]],
        *,
        replaces: tuple[str, ...],
        numbers: tuple[str, ...],
        array_params: tuple[str, ...],
        factor_params: tuple[str, ...],
    ) -> None:
        self._factors = factors
        self._factor_params = factor_params
        self._array_params = array_params
        super().__init__(
            signature,
            self._new,
            self._write,
            replaces=replaces,
            numbers=numbers,
            small=SMALL,
            sweep=Sweep(arrays, self._factor_arrays, array_params, factor_params),
        )

    def _new(self, *inputs: Any, **params: Any) -> Any:
        """All new values, in library operations."""
        given = {k: params[k] for k in self._factor_params}
        factors, numbers = self._factors(*[inputs[i] for i in self.numbers], **given)
        return (*self._new_arrays(inputs, factors, params), *numbers)

    def _new_arrays(self, inputs: Any, factors: Any, params: dict[str, Any]) -> Any:
        assert self.sweep is not None
        static = {k: params[k] for k in self._array_params}
        return self.sweep.expand(*[inputs[i] for i in self.arrays], *factors, **static)

    def _factor_arrays(
        self, *numbers: Array, dtype: np.dtype[Any], **given: Any
    ) -> tuple[tuple[Array, ...], tuple[float, ...]]:
        factors, new = self._factors(*[x[()] for x in numbers], **given)
        return tuple([np.array(x, dtype) for x in factors]), new

    def _write(self, *inputs: Array, **params: Any) -> None:
        """The new values of NumPy arrays, in place."""
        given = {k: params[k] for k in self._factor_params}
        numbers = [inputs[i] for i in self.numbers]
        factors, new = self._factor_arrays(*numbers, dtype=inputs[0].dtype, **given)
        with GradMode(False):
            arrays = self._new_arrays([wrap(x) for x in inputs], map(wrap, factors), params)
        for i, value in zip(self.replaces, (*[x._value for x in arrays], *new), strict=True):
            inputs[i][...] = value


def choice(condition: Any, x: Any, y: float) -> Any:
    """x or the number y, for tensors and for floats."""
    if isinstance(condition, Handle):
        return where(condition, x, like(x, y))
    return x if condition else y


def _descent(
    p: Any, g: Any, kept: Any, decay: Any, weight_decay: float, decoupled: bool, maximize: bool
) -> tuple[Any, Any]:
    """The parameter, shrunk by decoupled weight decay, and the gradient to descend."""
    g = slope(p, g, decay, 0.0 if decoupled else weight_decay, maximize)
    return mul(p, over(kept, p)) if decoupled and weight_decay else p, g


def _moving(x: Any, now: Any, part: Any) -> Any:
    """An average, moved by a part of the way to its value now."""
    return add(x, mul(sub(now, x), over(part, x)))


# -- NAdam ---------------------------------------------------------------------------------


def _nadam_factors(
    step: Any,
    product: Any,
    lr: Any,
    beta1: Any,
    beta2: Any,
    *,
    eps: float,
    weight_decay: float,
    momentum_decay: float,
) -> Any:
    step = step + 1
    mu = beta1 * (1 - 0.5 * 0.96 ** (step * momentum_decay))
    ahead = beta1 * (1 - 0.5 * 0.96 ** ((step + 1) * momentum_decay))
    product = product * mu
    c2 = (1 - beta2**step) ** 0.5  # taken out of sqrt(v) / c2 + eps: one division fewer
    by_gradient = lr * (1 - mu) / (1 - product) * c2
    by_average = lr * ahead / (1 - product * ahead) * c2
    parts = (1 - beta1, 1 - beta2, eps * c2, by_gradient, by_average)
    return (*parts, 1 - lr * weight_decay, lr * 0 + weight_decay), (step, product)


def _nadam_arrays(
    p: Any,
    g: Any,
    m: Any,
    v: Any,
    new1: Any,
    new2: Any,
    least: Any,
    by_gradient: Any,
    by_average: Any,
    kept: Any,
    decay: Any,
    **static: Any,
) -> Any:
    p, g = _descent(p, g, kept, decay, **static)
    m, v = _moving(m, g, new1), _moving(v, mul(g, g), new2)
    step = add(mul(g, over(by_gradient, g)), mul(m, over(by_average, m)))
    return sub(p, div(step, add(sqrt(v), over(least, v)))), m, v


# mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2),  product <- product mu_t,  m and v as in Adam,
# p <- p - lr ((1 - mu_t) g / (1 - product) + mu_t+1 m / (1 - product mu_t+1))
#          / (sqrt(v / (1 - beta2^t)) + eps)
nadam = Formula(
    "nadam(p, g, m, v, step, product, lr, beta1, beta2,"
    " *, eps, weight_decay, momentum_decay, decoupled, maximize)",
    _nadam_arrays,
    _nadam_factors,
    replaces=("p", "m", "v", "step", "product"),
    numbers=("step", "product", "lr", "beta1", "beta2"),
    array_params=("weight_decay", "decoupled", "maximize"),
    factor_params=("eps", "weight_decay", "momentum_decay"),
)

# -- RAdam ---------------------------------------------------------------------------------


def _radam_factors(
    step: Any, lr: Any, beta1: Any, beta2: Any, *, eps: float, weight_decay: float
) -> Any:
    step = step + 1
    left = 1 - beta2**step
    most = 2 / (1 - beta2) - 1
    length = most - 2 * step * beta2**step / left
    trusted = length > 5
    safe = choice(trusted, length, 6.0)  # the square root of less would be nan
    part = (safe - 4) * (safe - 2) * most / ((most - 4) * (most - 2) * safe)
    rate = lr / (1 - beta1**step)
    # The step is m (plain + scaled / (sqrt(v) + least)), where one of the first two is 0.
    scaled = choice(trusted, rate * (part * left) ** 0.5, 0.0)
    plain = rate - choice(trusted, rate, 0.0)
    least = choice(trusted, lr * 0 + eps, 1.0)
    parts = (1 - beta1, 1 - beta2, least, plain, scaled)
    return (*parts, 1 - lr * weight_decay, lr * 0 + weight_decay), (step,)


def _radam_arrays(
    p: Any,
    g: Any,
    m: Any,
    v: Any,
    new1: Any,
    new2: Any,
    least: Any,
    plain: Any,
    scaled: Any,
    kept: Any,
    decay: Any,
    **static: Any,
) -> Any:
    p, g = _descent(p, g, kept, decay, **static)
    m, v = _moving(m, g, new1), _moving(v, mul(g, g), new2)
    factor = add(div(over(scaled, v), add(sqrt(v), over(least, v))), over(plain, v))
    return sub(p, mul(m, factor)), m, v


# r_t = r - 2 t beta2^t / (1 - beta2^t),  r = 2 / (1 - beta2) - 1,  m and v as in Adam,
# p <- p - lr m / (1 - beta1^t) sqrt(R) sqrt(1 - beta2^t) / (sqrt(v) + eps)  if r_t > 5, with
# R = (r_t - 4) (r_t - 2) r / ((r - 4) (r - 2) r_t);  until then without the last three factors
radam = Formula(
    "radam(p, g, m, v, step, lr, beta1, beta2, *, eps, weight_decay, decoupled, maximize)",
    _radam_arrays,
    _radam_factors,
    replaces=("p", "m", "v", "step"),
    numbers=("step", "lr", "beta1", "beta2"),
    array_params=("weight_decay", "decoupled", "maximize"),
    factor_params=("eps", "weight_decay"),
)

# -- Adamax --------------------------------------------------------------------------------


def _adamax_factors(
    step: Any, lr: Any, beta1: Any, beta2: Any, *, eps: float, weight_decay: float
) -> Any:
    step = step + 1
    rate = lr / (1 - beta1**step)
    return (1 - beta1, beta2, lr * 0 + eps, rate, lr * 0 + weight_decay), (step,)


def _adamax_arrays(
    p: Any,
    g: Any,
    m: Any,
    u: Any,
    new1: Any,
    old2: Any,
    least: Any,
    rate: Any,
    decay: Any,
    *,
    weight_decay: float,
    maximize: bool,
) -> Any:
    g = slope(p, g, decay, weight_decay, maximize)
    m = _moving(m, g, new1)
    u = maximum(mul(u, over(old2, u)), add(abs_(g), over(least, u)))
    return sub(p, mul(div(m, u), over(rate, p))), m, u


# m as in Adam,  u <- max(beta2 u, |g| + eps),  p <- p - lr / (1 - beta1^t) m / u
adamax = Formula(
    "adamax(p, g, m, u, step, lr, beta1, beta2, *, eps, weight_decay, maximize)",
    _adamax_arrays,
    _adamax_factors,
    replaces=("p", "m", "u", "step"),
    numbers=("step", "lr", "beta1", "beta2"),
    array_params=("weight_decay", "maximize"),
    factor_params=("eps", "weight_decay"),
)
