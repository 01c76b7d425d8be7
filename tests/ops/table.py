"""The table that drives all tests of operations: how to call each primitive, and what it means.

Here are arithmetic, movement, reductions and products; `table_indexing`, `table_sorting`,
`table_losses`, `table_layers` and others have the rest. Value, gradient, second gradient, shape
rule, decomposition and machine code are checked on every case; a primitive that is missing fails
the tests.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradatim.ops.broadcast import reshape
from gradatim.ops.movement import permute, slice_
from tests.ops.case import (
    DIMS,
    OF_NOTHING,
    SHAPES,
    Case,
    along,
    binary,
    integers,
    logic,
    numbers,
    reductions,
    several,
    truths,
    unary,
)

F64 = np.dtype("float64")

# -- elementwise --------------------------------------------------------------------------------


def _trunc_divide(x: Any, y: Any) -> Any:
    return np.array([int(a / b) for a, b in zip(x.tolist(), y.tolist(), strict=True)])


ELEMENTWISE = [
    *unary("neg", lambda x: -x),
    *unary("abs", np.abs),
    *unary("sign", np.sign),
    *unary("square", lambda x: x * x),
    *unary("reciprocal", lambda x: 1 / x, 0.5, 3),
    *unary("reciprocal", lambda x: 1 / x, -3, -0.5),
    *unary("floor", np.floor),
    *unary("ceil", np.ceil),
    *unary("trunc", np.trunc),
    *unary("round", np.round),
    *unary("exp", np.exp),
    *unary("expm1", lambda x: np.exp(x) - 1),
    *unary("log", np.log, 0.1, 4),
    *unary("log1p", lambda x: np.log(1 + x), -0.7, 4),
    *unary("sqrt", lambda x: x**0.5, 0.1, 4),
    *unary("sin", np.sin),
    *unary("cos", np.cos),
    *unary("tan", lambda x: np.sin(x) / np.cos(x), -1.2, 1.2),
    *unary("sinh", lambda x: (np.exp(x) - np.exp(-x)) / 2),
    *unary("cosh", lambda x: (np.exp(x) + np.exp(-x)) / 2),
    *unary("asin", np.arcsin, -0.9, 0.9),
    *unary("acos", np.arccos, -0.9, 0.9),
    *unary("atan", np.arctan),
    *unary("atan", np.arctan, -90, 90),
    *binary("atan2", np.arctan2),
    *unary("asinh", np.arcsinh),
    *unary("acosh", np.arccosh, 1.2, 4),
    *unary("atanh", np.arctanh, -0.9, 0.9),
    *binary("hypot", lambda x, y: (x * x + y * y) ** 0.5),
    *unary("tanh", np.tanh),
    *binary("tanh_back", lambda g, y: g * (1 - y * y)),
    *unary("sigmoid", lambda x: 1 / (1 + np.exp(-x))),
    *unary("relu", lambda x: np.where(x > 0, x, 0)),
    *binary("flat", lambda y, x: y),
    *binary("add", lambda x, y: x + y),
    *binary("sub", lambda x, y: x - y),
    *binary("mul", lambda x, y: x * y),
    *binary("div", lambda x, y: x / y, 0.5, 3),
    *binary("div", lambda x, y: x / y, -3, -0.5),
    *binary("pow", lambda x, y: x**y, 0.5, 2),
    *[
        case
        for exponent in (0.5, 1.5, -1, -0.5, 4)
        for case in unary(
            "power", lambda x, exponent: x**exponent, 0.5, 3, params={"exponent": exponent}
        )
    ],
    *[
        case
        for exponent in (0, 1, 2, 3, 4, 5.0)
        for case in unary("power", lambda x, exponent: x**exponent, params={"exponent": exponent})
    ],
    *unary("clamp", lambda x, low, high: np.clip(x, low, high), params={"low": -1.3, "high": 0.6}),
    *binary("maximum", np.maximum),
    *binary("minimum", np.minimum),
    *binary("clamp_min", np.maximum),
    *binary("clamp_max", np.minimum),
    *binary("remainder", np.mod, 0.4, 3),
    *binary("remainder", np.mod, -3, -0.4),
    *binary("fmod", np.fmod, 0.4, 3),
    *binary("fmod", np.fmod, -3, -0.4),
    *binary("logaddexp", lambda x, y: np.log(np.exp(x) + np.exp(y))),
    *binary("share", lambda x, y: np.exp(x) / (np.exp(x) + np.exp(y))),
    *binary("floor_divide", lambda x, y: np.floor(x / y), 0.4, 3),
    *binary("trunc_divide", lambda x, y: np.trunc(x / y), 0.4, 3),
    *binary("trunc_divide", lambda x, y: np.trunc(x / y), -3, -0.4),
    Case("trunc_divide", (np.array([-7, 7, -6, 6]), np.array([2, -2, 2, 4])), _trunc_divide),
    *[Case("where", (truths(s), numbers(s), numbers(s, seed=5)), np.where) for s in SHAPES],
    *unary("cast", lambda x, dtype: x.astype(dtype), params={"dtype": F64}),
    *unary("cast", lambda x, dtype: np.trunc(x), params={"dtype": np.dtype("int64")}),
    *unary("cast", lambda x, dtype: x != 0, params={"dtype": np.dtype("bool")}),
    *unary("copy", lambda x: x),
]


def _packed(factors: Any) -> Any:
    """Results of a factorisation in one array, as the operations have them."""

    def packed(a: Any, **params: Any) -> Any:
        batch = a.shape[:-2]
        found = [np.asarray(part) for part in factors(a, **params)]
        return np.concatenate(
            [x.reshape(*batch, np.prod(x.shape[len(batch) :], dtype=int)) for x in found], -1
        )

    return packed


def _sign_and_log(x: Any) -> Any:
    return np.stack([np.sign(x), np.log(abs(x))], -1)


def _minors(a: Any) -> Any:
    """The determinants of the matrix without one row and one column, with signs."""
    n = a.shape[-1]
    minors = [
        (-1) ** (i + j) * np.linalg.det(np.delete(np.delete(a, i, -2), j, -1))
        for i in range(n)
        for j in range(n)
    ]
    return np.stack(minors, -1).reshape(a.shape)


_EYE = 3 * np.eye(3)
MATRICES = [numbers((3, 3)) + _EYE, numbers((2, 3, 3), -1, 1) + _EYE, np.zeros((0, 2, 2))]
POSITIVE = [a @ a.swapaxes(-2, -1) for a in MATRICES]
NEAR = {"tolerance": 1e-10}
LINEAR = [
    *[
        Case(name, (a,), expected, **NEAR)
        for a in MATRICES
        for name, expected in (
            ("inv", np.linalg.inv),
            ("det", np.linalg.det),
            ("cofactors", _minors),
            ("slogdet", lambda a: _sign_and_log(np.linalg.det(a))),
            ("qr", _packed(np.linalg.qr)),
        )
    ],
    *[
        Case("solve", (a, numbers((*a.shape[:-1], 2))), lambda a, b: np.linalg.inv(a) @ b, **NEAR)
        for a in MATRICES
    ],
    *[
        Case(name, (a,), expected, **NEAR)
        for a in POSITIVE
        for name, expected in (
            ("cholesky", lambda a: np.linalg.cholesky((a + a.swapaxes(-2, -1)) / 2)),
            ("eigh", _packed(np.linalg.eigh)),
        )
    ],
    *[
        Case("svd", (a,), _packed(lambda a, full: np.linalg.svd(a, full)), {"full": full}, **NEAR)
        for a in (*MATRICES, numbers((3, 2)), numbers((2, 2, 3)))
        for full in (True, False)
    ],
]

LOGIC = [
    *logic("eq", np.equal),
    *logic("ne", np.not_equal),
    *logic("lt", np.less),
    *logic("le", np.less_equal),
    *logic("gt", np.greater),
    *logic("ge", np.greater_equal),
    *logic("logical_and", np.logical_and),
    *logic("logical_or", np.logical_or),
    *logic("logical_xor", np.logical_xor),
    *logic("bitwise_and", np.bitwise_and),
    *logic("bitwise_or", np.bitwise_or),
    *logic("bitwise_xor", np.bitwise_xor),
    *logic("floor_divide", lambda x, y: np.zeros_like(x))[2:3],
    *[Case("logical_not", (truths(s),), np.logical_not) for s in SHAPES],
    *[Case("bitwise_not", (integers(s, -4, 4),), lambda x: -x - 1) for s in SHAPES],
    *[
        Case(name, (x,), expected)
        for name, expected in (("isnan", np.isnan), ("isinf", np.isinf))
        for x in (np.array([1.0, np.nan, np.inf, -np.inf]), np.array(np.nan), np.zeros((0, 2)))
    ],
]

# -- movement -----------------------------------------------------------------------------------


def _broadcast(x: Any, *, shape: tuple[int, ...]) -> Any:
    return x + np.zeros(shape)


def _reshape(x: Any, *, shape: tuple[int, ...]) -> Any:
    return np.array(x.reshape(-1).tolist()).reshape(shape)


def _permute(x: Any, *, order: tuple[int, ...]) -> Any:
    return x.transpose(order)


def _cat(*xs: Any, dim: int) -> Any:
    return np.concatenate(xs, dim)


def _updated(part: Any) -> Any:
    """Writes `y` at the part of a copy of `x` that `part` returns."""

    def expected(x: Any, y: Any, *, view: Any) -> Any:
        out = x.copy()
        part(out)[...] = y
        return out

    return expected


def _steps(*steps: tuple[Any, str, Any]) -> dict[str, Any]:
    return {"view": tuple([(primitive, {name: value}) for primitive, name, value in steps])}


SPREADS = [
    ((2, 1), (3, 2, 4)),
    ((), (2, 2)),
    ((), ()),
    ((1,), (0,)),
    ((3,), (3,)),
    ((1, 1), (5, 1)),
    ((1, 3), (2, 2, 3)),
    ((0, 1), (2, 0, 3)),
]
FORMS = [
    ((3, 2), (2, 3)),
    ((3, 2), (6,)),
    ((0, 2), (4, 0)),
    ((), (1, 1)),
    ((1, 1), ()),
    ((2, 1, 3), (2, 3, 1)),
]
ORDERS = [((2, 3, 4), (2, 0, 1)), ((3, 2), (1, 0)), ((2,), (0,)), ((), ()), ((0, 2), (1, 0))]
PARTS = [
    ((4, 3), (slice(1, 4, 2), None, 1)),
    ((4,), (2,)),
    ((4,), (-1, None)),
    ((5,), (slice(None, None, 3),)),
    ((2, 3, 2), (slice(None), slice(None), 0)),
    ((2, 3), (slice(2, 2),)),
    ((), (None,)),
    ((), ()),
    ((0, 2), (slice(None), 1)),
]
TURNS = [((3, 2), (0, 1)), ((3, 2), (1,)), ((2, 1, 3), (2,)), ((0, 2), (0,)), ((), ())]
JOINS = [
    (((2, 2), (1, 2), (0, 2)), 0),
    (((2, 1), (2, 3)), 1),
    (((2, 2),), 1),
    (((1, 2, 2), (1, 1, 2)), 1),
    (((0,), (0,)), 0),
]

MOVEMENT = [
    *several("broadcast_to", _broadcast, [(a, {"shape": b}) for a, b in SPREADS]),
    *several("reshape", _reshape, [(a, {"shape": b}) for a, b in FORMS]),
    *several("permute", _permute, [(s, {"order": o}) for s, o in ORDERS]),
    *several("slice", lambda x, *, index: x[index], [(s, {"index": i}) for s, i in PARTS]),
    *several("flip", lambda x, *, dims: np.flip(x, dims), [(s, {"dims": d}) for s, d in TURNS]),
    *[
        Case("cat", tuple(numbers(s, seed=i) for i, s in enumerate(shapes)), _cat, {"dim": dim})
        for shapes, dim in JOINS
    ],
    Case(
        "update_view",
        (numbers((4, 3)), numbers((2, 3), seed=1)),
        _updated(lambda x: x[0:4:2]),
        _steps((slice_, "index", (slice(0, 4, 2),))),
    ),
    Case(
        "update_view",
        (numbers((2, 3)), numbers((3, 2), seed=1)),
        _updated(lambda x: x.T),
        _steps((permute, "order", (1, 0))),
    ),
    Case(
        "update_view",
        (numbers((4, 3)), numbers((3,), seed=1)),
        _updated(lambda x: x.reshape(2, 6)[1, ::2]),
        _steps((reshape, "shape", (2, 6)), (slice_, "index", (1, slice(None, None, 2)))),
    ),
    Case(
        "update_view",
        (numbers(()), numbers((), seed=1)),
        _updated(lambda x: x[...]),
        _steps((reshape, "shape", ())),
    ),
    Case(
        "update_view",
        (numbers((0, 2)), numbers((0,), seed=1)),
        _updated(lambda x: x[:, 1]),
        _steps((slice_, "index", (slice(None), 1))),
    ),
]

# -- reductions ---------------------------------------------------------------------------------


def _mean(x: Any, *, axis: Any, keepdims: bool) -> Any:
    return x.sum(axis, keepdims=keepdims) / max(math.prod(x.shape[a] for a in axis), 1)


def _softmax(x: Any, dim: int) -> Any:
    e = np.exp(x)
    return e / e.sum(dim, keepdims=True)


def _place(function: Any) -> Any:
    return lambda x, *, dim, keepdim: function(x, axis=dim, keepdims=keepdim)


REDUCTION = [
    *reductions("reduce_sum", np.sum, dims=DIMS + OF_NOTHING),
    *reductions("mean", _mean),
    *reductions("amax", np.max),
    *reductions("amin", np.min),
    *reductions("any", np.any, dims=DIMS + OF_NOTHING),
    *reductions("all", np.all, dims=DIMS + OF_NOTHING),
    *along("cumsum", np.cumsum),
    *along("softmax", _softmax),
    *along("log_softmax", lambda x, dim: np.log(_softmax(x, dim)), tolerance=1e-11),
    *[
        Case(name, (numbers(shape),), _place(function), {"dim": dim, "keepdim": keepdim})
        for name, function in (("argmax", np.argmax), ("argmin", np.argmin))
        for shape, dim in (((3, 2), 0), ((3, 2), 1), ((2, 1, 3), 2), ((2, 0), 0), ((1,), 0))
        for keepdim in (False, True)
    ],
]

# -- products -----------------------------------------------------------------------------------


def _product(x: Any, y: Any) -> Any:
    return (x[..., :, :, None] * y[..., None, :, :]).sum(-2)


def _linear(x: Any, weight: Any, bias: Any = 0) -> Any:
    return (x[..., None, :] * weight).sum(-1) + bias


def _outer_rows(g: Any, x: Any) -> Any:
    return (g[..., :, None] * x[..., None, :]).sum(tuple(range(x.ndim - 1)))


FACTORS = [
    ((3, 4), (4, 2)),
    ((2, 3, 4), (2, 4, 2)),
    ((1, 1), (1, 1)),
    ((2, 1, 3, 1), (2, 1, 1, 2)),
    ((2, 0), (0, 3)),
    ((0, 2), (2, 3)),
    ((0, 2, 3), (0, 3, 1)),
]
MATRICES = [(3, 4), (4, 1), (1, 1), (0, 2), (2, 0)]
LAYERS = [
    ((3, 4), (2, 4)),
    ((4,), (2, 4)),
    ((2, 3, 4), (2, 4)),
    ((2, 1, 1), (1, 1)),
    ((0, 4), (2, 4)),
    ((3, 0), (2, 0)),
]

POINTS = [((3, 4), (2, 4)), ((2, 3, 2), (2, 1, 2)), ((1, 1), (1, 1)), ((0, 2), (3, 2))]

PRODUCTS = [
    *[
        Case(
            "distances",
            (numbers(a), numbers(b, seed=2)),
            lambda x, y: (((x[..., :, None, :] - y[..., None, :, :]) ** 2).sum(-1)) ** 0.5,
            tolerance=1e-11,
        )
        for a, b in POINTS
    ],
    *[
        Case(
            "pull",
            (numbers((*a[:-1], b[-2]), seed=3), numbers(a), numbers(b, seed=2)),
            lambda w, x, y: (w[..., None] * (x[..., :, None, :] - y[..., None, :, :])).sum(-2),
        )
        for a, b in POINTS
    ],
    *[Case("matmul", (numbers(a), numbers(b, seed=2)), _product) for a, b in FACTORS],
    *[Case("matvec", (numbers(a), numbers(a[1:], seed=2)), np.matmul) for a in MATRICES],
    *[Case("vecmat", (numbers(a[:1], seed=2), numbers(a)), np.matmul) for a in MATRICES],
    *[Case("dot", (numbers(a[:1]), numbers(a[:1], seed=2)), np.dot) for a in MATRICES],
    *[Case("linear", (numbers(a), numbers(b, seed=1)), _linear) for a, b in LAYERS],
    *[
        Case("linear_bias", (numbers(a), numbers(b, seed=1), numbers(b[:1])), _linear)
        for a, b in LAYERS
    ],
    *[
        Case(
            "linear_back",
            (numbers((*a[:-1], b[0])), numbers(b, seed=1)),
            lambda g, weight: (g[..., None] * weight).sum(-2),
        )
        for a, b in LAYERS
    ],
    *[
        Case("outer_rows", (numbers((*a[:-1], b[0])), numbers(a, seed=1)), _outer_rows)
        for a, b in LAYERS
    ],
]

TABLE: list[Case] = [*ELEMENTWISE, *LINEAR, *LOGIC, *MOVEMENT, *REDUCTION, *PRODUCTS]
