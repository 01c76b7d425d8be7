"""The table's cases of activations, dropout and norms."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.ops.case import SHAPES, Case, binary, numbers, truths, unary

erf = np.vectorize(math.erf, otypes=[float])

# -- smooth activations ---------------------------------------------------------------------------


def _slope(f: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    """g f'(x), by a step into the complex plane: exact to the last digits, without a formula."""
    return lambda g, x, *, y: g * f(x + 1e-30j).imag / 1e-30


def _cdf(x: Any) -> Any:
    return (1 + erf(x / math.sqrt(2))) / 2


def _pdf(x: Any) -> Any:
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def _gelu_tanh(x: Any) -> Any:
    return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def _silu(x: Any) -> Any:
    return x / (1 + np.exp(-x))


def _mish(x: Any) -> Any:
    return x * np.tanh(np.log(1 + np.exp(x)))


X_ALONE = {"y": None}  # the value of the function is not at hand
SMOOTH = [
    *unary("erf", erf),
    *unary("erf", erf, -9, 9),
    *unary("gelu", lambda x: x * _cdf(x), -4, 4),
    *binary("gelu_back", lambda g, x, *, y: g * (_cdf(x) + x * _pdf(x)), -4, 4, params=X_ALONE),
    *unary("gelu_tanh", _gelu_tanh, -4, 4),
    *binary("gelu_tanh_back", _slope(_gelu_tanh), -4, 4, params=X_ALONE),
    *unary("silu", _silu, -4, 4),
    *binary("silu_back", _slope(_silu), -4, 4, params=X_ALONE),
    *unary("mish", _mish, -4, 4),
    *binary("mish_back", _slope(_mish), -4, 4, params=X_ALONE),
]

# -- piecewise activations -----------------------------------------------------------------------


def _elu(x: Any, *, alpha: float, scale: float, narrow: float) -> Any:
    return scale * np.where(x > 0, x, alpha * (np.exp(narrow * x) - 1))


def _softplus(x: Any, *, beta: float, threshold: float) -> Any:
    return np.where(beta * x > threshold, x, np.log(1 + np.exp(beta * x)) / beta)


def _ramp(x: Any) -> Any:
    return np.clip(x / 6 + 0.5, 0, 1)


def _masked(x: Any, mask: Any, *, scale: float) -> Any:
    return x * mask * scale


SELU = {"alpha": 1.6732632423543772, "scale": 1.0507009873554805, "narrow": 1.0}
CORNERS = [
    *unary("leaky_relu", lambda x, *, slope: x * np.where(x > 0, 1, slope), params={"slope": 0.1}),
    *binary("prelu", lambda x, weight: x * np.where(x > 0, 1, weight)),
    *unary("elu", _elu, -3, 3, params=SELU),
    *unary("elu", _elu, -3, 3, params={"alpha": 2.0, "scale": 1.0, "narrow": 0.5}),
    *unary("softplus", _softplus, -3, 3, params={"beta": 1.0, "threshold": 20.0}),
    *unary("softplus", _softplus, -3, 3, params={"beta": 2.0, "threshold": 2.5}),
    *unary(
        "hardtanh",
        lambda x, *, low, high: np.clip(x, low, high),
        params={"low": -1.0, "high": 0.5},
    ),
    *unary("hardsigmoid", _ramp, -5, 5),
    *unary("hardswish", lambda x: x * _ramp(x), -5, 5),
    *unary(
        "hardshrink",
        lambda x, *, lambd: x * (np.abs(x) > lambd),
        params={"lambd": 0.75},
    ),
    *unary(
        "softshrink",
        lambda x, *, lambd: np.sign(x) * np.maximum(np.abs(x) - lambd, 0),
        params={"lambd": 0.75},
    ),
    *unary(
        "threshold",
        lambda x, *, limit, value: np.where(x > limit, x, value),
        params={"limit": 0.25, "value": -3.0},
    ),
    *[Case("masked_scale", (numbers(s), truths(s)), _masked, {"scale": 1.25}) for s in SHAPES],
]

# -- norms ----------------------------------------------------------------------------------------


def _moments(x: Any, dims: Any) -> tuple[Any, Any]:
    count = max(math.prod(x.shape[d] for d in dims), 1)
    mean = x.sum(dims, keepdims=True) / count
    return mean, ((x - mean) ** 2).sum(dims, keepdims=True) / count


def _standardize(x: Any, *, dims: Any, eps: float) -> Any:
    mean, var = _moments(x, dims)
    return (x - mean) / np.sqrt(var + eps), mean, var


def _standardize_back(g: Any, normal: Any, rstd: Any, *, dims: Any) -> Any:
    mean, along = _moments(g, dims)[0], _moments(g * normal, dims)[0]
    return rstd * (g - mean - normal * along)


def _affine(x: Any, weight: Any, bias: Any, *, dims: Any) -> Any:
    order = [*(d for d in range(x.ndim) if d not in dims), *dims]
    back = np.argsort(np.array(order, int))
    return (x.transpose(order) * weight + bias).transpose(back)


OVER = [
    ((3, 4), (1,)),
    ((5, 3), (0,)),
    ((2, 3, 4), (1, 2)),
    ((3, 2, 4), (0, 2)),
    ((2, 3, 2, 2), (0, 2, 3)),
    ((2, 3, 5), (2,)),
    ((2, 1), (1,)),
    ((0, 2), (1,)),
    ((), ()),
]
WEIGHTED = [*OVER, ((2, 3, 2), (1,))]


def _one_each(shape: Any, dims: Any) -> Any:
    return tuple(1 if d in dims else n for d, n in enumerate(shape))


NORMS = [
    *[
        Case(
            "standardize", (numbers(s),), _standardize, {"dims": dims, "eps": eps}, tolerance=1e-11
        )
        for s, dims in OVER
        for eps in (1e-5, 0.1)
        if eps == 0.1 or math.prod(s[d] for d in dims) > 1  # 1/sqrt(1e-5) is a steep function
    ],
    *[
        Case(
            "standardize_back",
            (numbers(s), numbers(s, seed=1), numbers(_one_each(s, dims), 0.2, 2, seed=2)),
            _standardize_back,
            {"dims": dims},
        )
        for s, dims in OVER
    ],
    *unary(
        "reciprocal_deviation",
        lambda var, *, eps: 1 / np.sqrt(var + eps),
        0.2,
        2.0,
        params={"eps": 0.1},
    ),
    *[
        Case(
            "scale",
            (numbers(s), numbers(tuple(s[d] for d in dims), seed=1)),
            lambda x, weight, *, dims: _affine(x, weight, 0, dims=dims),
            {"dims": dims},
        )
        for s, dims in WEIGHTED
    ],
    *[
        Case(
            "scale_back",
            (numbers(s), numbers(s, seed=1)),
            lambda g, x, *, dims: (g * x).sum(tuple(d for d in range(x.ndim) if d not in dims)),
            {"dims": dims},
        )
        for s, dims in WEIGHTED
    ],
    *[
        Case(
            "affine",
            (
                numbers(s),
                numbers(tuple(s[d] for d in dims), seed=1),
                numbers(tuple(s[d] for d in dims), seed=2),
            ),
            _affine,
            {"dims": dims},
        )
        for s, dims in WEIGHTED
    ],
    *[
        Case(
            "move_towards",
            (numbers(s), numbers(now, seed=1), np.array(0.2)),
            lambda running, now, momentum, *, factor: (
                (1 - momentum) * running + momentum * factor * now.reshape(running.shape)
            ),
            {"factor": 1.25},
        )
        for s, now in (((3,), (1, 3)), ((3,), (1, 3, 1)), ((1,), (1,)), ((0,), (1, 0)), ((), ()))
    ],
]


def _layer_norm(x: Any, weight: Any, bias: Any, *, dims: Any, eps: float) -> Any:
    normal, _, var = _standardize(x, dims=dims, eps=eps)
    return normal * weight + bias, normal, 1 / np.sqrt(var + eps)


def _layer_norm_back(g: Any, normal: Any, rstd: Any, weight: Any, *, dims: Any) -> Any:
    by_x = _standardize_back(g * weight, normal, rstd, dims=dims)
    others = tuple(range(g.ndim - len(dims)))
    return by_x, (g * normal).sum(others), g.sum(others)


ROWS = [((3, 4), (1,)), ((2, 3, 4), (1, 2)), ((2, 3, 5), (2,)), ((0, 2), (1,)), ((), ())]
LAYER_NORM = [
    *[
        Case(
            "layer_norm",
            (numbers(s), *(numbers(tuple(s[d] for d in dims), seed=i) for i in (1, 2))),
            _layer_norm,
            {"dims": dims, "eps": 0.1},
        )
        for s, dims in ROWS
    ],
    *[
        Case(
            "layer_norm_back",
            (
                numbers(s),
                numbers(s, seed=1),
                numbers(_one_each(s, dims), 0.2, 2, seed=2),
                numbers(tuple(s[d] for d in dims), seed=3),
            ),
            _layer_norm_back,
            {"dims": dims},
        )
        for s, dims in ROWS
    ],
]

LAYERS: list[Case] = [*SMOOTH, *CORNERS, *NORMS, *LAYER_NORM]
