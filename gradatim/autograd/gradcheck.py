"""Check gradients against finite differences, in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._tensor.tensor import Tensor
from ..core.errors import ArgumentError, GradatimError
from ..core.handle import wrap
from ..core.numbers import numbers_of
from .gradients import grad

Array = np.ndarray[Any, Any]


class GradcheckError(GradatimError, RuntimeError):
    """A gradient that differs from its finite difference: names input, output and both values."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    *,
    eps: float = 1e-06,
    atol: float = 1e-05,
    rtol: float = 0.001,
    raise_exception: bool = True,
) -> bool:
    """Whether d func / d input agrees with (f(x + eps) - f(x - eps)) / (2 eps).

    This is checked for every element of every input that requires grad, and every element of every
    floating output: |analytic - numerical| <= atol + rtol * |numerical|.

    >>> import gradatim
    >>> x = gradatim.tensor([0.5, -1.0], dtype=gradatim.float64, requires_grad=True)
    >>> gradcheck(lambda x: x.tanh() * x, (x,))
    True
    """
    given = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    try:
        _check(func, given, eps, atol, rtol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    grad_outputs: Any = None,
    *,
    eps: float = 1e-06,
    atol: float = 1e-05,
    rtol: float = 0.001,
    raise_exception: bool = True,
) -> bool:
    """`gradcheck` of the gradient: whether second derivatives are right.

    >>> import gradatim
    >>> x = gradatim.tensor([0.5, -1.0], dtype=gradatim.float64, requires_grad=True)
    >>> gradgradcheck(lambda x: x.exp() * x, (x,))
    True
    """
    given = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    outputs = _floating(func(*given))
    if grad_outputs is None:
        rng = np.random.default_rng(0)
        weights = [wrap(rng.standard_normal(y.shape)).requires_grad_() for y in outputs]
    else:
        weights = [grad_outputs] if isinstance(grad_outputs, Tensor) else list(grad_outputs)
    places = [i for i, x in enumerate(given) if _varies(x)]

    def gradient(*args: Any) -> tuple[Any, ...]:
        xs, ws = args[: len(given)], args[len(given) :]
        gradients = grad(
            [y for y in _floating(func(*xs)) if y.requires_grad],
            [xs[i] for i in places],
            [w for w, y in zip(ws, outputs, strict=True) if y.requires_grad],
            create_graph=True,
            materialize_grads=True,
        )
        return tuple(g for g in gradients if g.requires_grad)

    return gradcheck(
        gradient,
        (*given, *weights),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
    )


def _varies(x: Any) -> bool:
    return isinstance(x, Tensor) and x.requires_grad


def _floating(outputs: Any) -> list[Any]:
    several = outputs if isinstance(outputs, list | tuple) else (outputs,)
    return [y for y in several if isinstance(y, Tensor) and y.is_floating_point()]


def _check(func: Any, given: tuple[Any, ...], eps: float, atol: float, rtol: float) -> None:
    if not any(_varies(x) for x in given):
        raise ArgumentError("gradcheck: no input requires grad, so there is nothing to check")
    for i, x in enumerate(given):
        if _varies(x) and x._value.dtype != np.float64:
            raise GradcheckError(
                f"gradcheck: input {i} is {x._value.dtype}; finite differences need float64"
            )
    places = [i for i, x in enumerate(given) if _varies(x)]
    xs = [given[i] for i in places]
    analytic, numerical = _analytic(func, given, xs), _numerical(func, given, xs, eps)
    for j, rows in enumerate(analytic):
        for i, actual, expected in zip(places, rows, numerical[j], strict=True):
            if not np.allclose(actual, expected, rtol=rtol, atol=atol, equal_nan=True):
                raise GradcheckError(_report(i, j, actual, expected))


# Jacobians of each output for each input: rows are elements of the input, columns of the output.


def _analytic(func: Any, given: tuple[Any, ...], xs: list[Any]) -> list[list[Array]]:
    return [_walked(y, xs) for y in _floating(func(*given))]


def _walked(y: Any, xs: list[Any]) -> list[Array]:
    """The analytic Jacobians of an output, by one backward pass per element."""
    jacobians = [np.zeros((x.numel(), y.numel())) for x in xs]
    for k in range(y.numel() if y.requires_grad else 0):
        seed = np.zeros(y.shape, y._value.dtype)
        seed.reshape(-1)[k] = 1
        gradients = grad(y, xs, wrap(seed), retain_graph=True, allow_unused=True)
        for jacobian, g in zip(jacobians, gradients, strict=True):
            if g is not None:
                jacobian[:, k] = numbers_of(g).reshape(-1)
    return jacobians


def _numerical(func: Any, given: tuple[Any, ...], xs: list[Any], eps: float) -> list[list[Array]]:
    by_input = [_nudged(func, given, numbers_of(x), eps) for x in xs]
    return [list(of_output) for of_output in zip(*by_input, strict=True)]


def _nudged(func: Any, given: tuple[Any, ...], place: Array, eps: float) -> list[Array]:
    """The numerical Jacobians of all outputs for one input, by two calls per element."""

    # Recorded, because the function itself may compute gradients.
    def call() -> list[Array]:
        outputs = _floating(func(*given))
        return [numbers_of(y).astype(np.float64).reshape(-1) for y in outputs]

    jacobians = [np.zeros((place.size, y.size)) for y in call()]
    for k, index in enumerate(np.ndindex(*place.shape)):
        before = place[index]
        place[index] = before + eps
        above = call()
        place[index] = before - eps
        below = call()
        place[index] = before
        for jacobian, high, low in zip(jacobians, above, below, strict=True):
            jacobian[k] = (high - low) / (2 * eps)
    return jacobians


def _report(i: int, j: int, analytic: Array, numerical: Array) -> str:
    difference = np.abs(analytic - numerical)
    worst = np.argmax(np.where(np.isnan(difference), np.inf, difference))
    row, column = np.unravel_index(worst, analytic.shape)
    return (
        f"gradcheck: d output {j} / d input {i} is wrong; largest difference at output element "
        f"{column}, input element {row}: backward gives {analytic[row, column]:.6g}, finite "
        f"differences give {numerical[row, column]:.6g}"
    )
