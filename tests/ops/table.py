"""The table that drives all tests of operations: how to call each primitive, and what it means.

One `Case` is one call: the primitive's inputs as float64 or integer arrays, its static
parameters, and the value in plain NumPy, written independently of the library's own. Value,
gradient, second gradient, shape rule, decomposition (and later machine code) are all checked on
every case; a primitive that is missing here fails `test_every_primitive_is_in_the_table`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

SHAPES = ((3, 2), (), (0, 2), (1,))


@dataclass(frozen=True)
class Case:
    """One call of a primitive."""

    primitive: str
    inputs: tuple[Any, ...]
    expected: Callable[..., Any]
    params: dict[str, Any] = field(default_factory=dict)
    tolerance: float = 1e-12
    second: bool = True  # whether the second derivative exists
    shape_known: bool = True  # without the numbers

    def __str__(self) -> str:
        shapes = ",".join(str(np.shape(x)).replace(" ", "") for x in self.inputs)
        return f"{self.primitive}-{shapes}" + "".join(
            f"-{k}={v}" for k, v in self.params.items() if k not in {"view", "dtype"}
        )


def numbers(shape: tuple[int, ...], low: float = -2, high: float = 2, seed: int = 0) -> Any:
    """Well separated numbers (no ties, none within 0.02 of an integer), in a fixed disorder."""
    n = math.prod(shape)
    rng = np.random.default_rng(seed + n)
    x = low + (high - low) * (rng.permutation(n) + 0.37 + 0.03 * (seed % 9)) / max(n, 1)
    x = np.where(np.abs(x - np.rint(x)) < 0.02, x + 0.05, x)
    return x.reshape(shape)


def integers(shape: tuple[int, ...], low: int, high: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).integers(low, high, shape)


def truths(shape: tuple[int, ...]) -> Any:
    return np.random.default_rng(3).random(shape) < 0.5


def unary(name: str, expected: Any, low: float = -2, high: float = 2, **more: Any) -> list[Case]:
    return [Case(name, (numbers(s, low, high),), expected, **more) for s in SHAPES]


def binary(name: str, expected: Any, low: float = -2, high: float = 2, **more: Any) -> list[Case]:
    return [
        Case(name, (numbers(s, low, high), numbers(s, low, high, 7)), expected, **more)
        for s in SHAPES
    ]


def logic(name: str, expected: Any) -> list[Case]:
    return [Case(name, (integers(s, 0, 3), integers(s, 0, 3, 1)), expected) for s in SHAPES]


def reductions(name: str, expected: Any, low: float = -2, **more: Any) -> list[Case]:
    """Along each dimension, several, all, none; kept and not."""
    calls = [((3, 2), (0,)), ((3, 2), (1,)), ((2, 3, 2), (0, 2)), ((3, 2), (0, 1)), ((), ())]
    return [
        Case(
            name,
            (numbers(shape, low),),
            lambda x, *, dims, keepdim: expected(x, axis=dims, keepdims=keepdim),
            {"dims": dims, "keepdim": keepdim},
            **more,
        )
        for shape, dims in calls
        for keepdim in (False, True)
    ]


def along(name: str, expected: Any, low: float = -2, **more: Any) -> list[Case]:
    """Operations along one dimension that keep the shape."""
    calls = [((3, 2), 0), ((3, 2), 1), ((2, 3, 2), 1), ((1, 4), 0), ((0, 2), 1)]
    return [
        Case(
            name,
            (numbers(shape, low),),
            lambda x, *, dim, **_: expected(x, dim),
            {"dim": dim},
            **more,
        )
        for shape, dim in calls
    ]


def _softmax(x: Any, dim: int) -> Any:
    e = np.exp(x)
    return e / e.sum(dim, keepdims=True)


ELEMENTWISE = [
    *unary("neg", lambda x: -x),
    *unary("abs", np.abs),
    *unary("sign", np.sign),
    *unary("square", lambda x: x * x),
    *unary("reciprocal", lambda x: 1 / x, 0.5, 3),
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
    *unary("tanh", np.tanh),
    *unary("sigmoid", lambda x: 1 / (1 + np.exp(-x))),
    *unary("relu", lambda x: np.where(x > 0, x, 0)),
    *binary("add", lambda x, y: x + y),
    *binary("sub", lambda x, y: x - y),
    *binary("mul", lambda x, y: x * y),
    *binary("div", lambda x, y: x / y, 0.5, 3),
    *binary("pow", lambda x, y: x**y, 0.5, 2),
    *binary("maximum", np.maximum),
    *binary("minimum", np.minimum),
    *binary("remainder", np.mod, 0.4, 3),
    *binary("floor_divide", lambda x, y: x // y, 0.4, 3),
    *[Case("where", (truths(s), numbers(s), numbers(s, seed=5)), np.where) for s in SHAPES],
    *unary("cast", lambda x, dtype: x.astype(dtype), params={"dtype": np.dtype("float64")}),
    *unary("copy", lambda x: x),
]

LOGIC = [
    *[c for name, f in {
        "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal,
        "gt": np.greater, "ge": np.greater_equal, "logical_and": np.logical_and,
        "logical_or": np.logical_or, "logical_xor": np.logical_xor,
        "bitwise_and": np.bitwise_and, "bitwise_or": np.bitwise_or,
        "bitwise_xor": np.bitwise_xor,
    }.items() for c in logic(name, f)],
    *[Case("logical_not", (truths(s),), np.logical_not) for s in SHAPES],
    *[Case("bitwise_not", (integers(s, -4, 4),), lambda x: -x - 1) for s in SHAPES],
    *[Case("isnan", (np.array([1.0, np.nan, np.inf]),), np.isnan)],
    *[Case("isinf", (np.array([1.0, np.nan, -np.inf]),), np.isinf)],
]  # fmt: skip

MOVEMENT = [
    Case("broadcast_to", (numbers((2, 1)),), lambda x, *, shape: x + np.zeros(shape), {"shape": (3, 2, 4)}),
    Case("broadcast_to", (numbers(()),), lambda x, *, shape: x + np.zeros(shape), {"shape": (2, 2)}),
    Case("broadcast_to", (numbers((1,)),), lambda x, *, shape: x + np.zeros(shape), {"shape": (0,)}),
    Case("reshape", (numbers((3, 2)),), lambda x, *, shape: x.reshape(shape), {"shape": (2, 3)}),
    Case("reshape", (numbers((0, 2)),), lambda x, *, shape: x.reshape(shape), {"shape": (4, 0)}),
    Case("permute", (numbers((2, 3, 4)),), lambda x, *, order: x.transpose(order), {"order": (2, 0, 1)}),
    Case("slice", (numbers((4, 3)),), lambda x, *, index: x[index], {"index": (slice(1, 4, 2), None, 1)}),
    Case("slice", (numbers((4,)),), lambda x, *, index: x[index], {"index": (2,)}),
    Case("flip", (numbers((3, 2)),), lambda x, *, dims: np.flip(x, dims), {"dims": (0, 1)}),
    Case("cat", (numbers((2, 2)), numbers((1, 2)), numbers((0, 2))), lambda *xs, dim: np.concatenate(xs, dim), {"dim": 0}),
    Case("cat", (numbers((2, 1)), numbers((2, 3))), lambda *xs, dim: np.concatenate(xs, dim), {"dim": 1}),
    Case("repeated", (), lambda *, shape, value, dtype: np.full(shape, value, dtype), {"shape": (2, 3), "value": 1.5, "dtype": np.dtype("float64")}),
]  # fmt: skip


def _mean(x: Any, *, axis: Any, keepdims: bool) -> Any:
    return x.sum(axis, keepdims=keepdims) / max(math.prod(x.shape[a] for a in axis), 1)


REDUCTION = [
    *reductions("reduce_sum", np.sum),
    *reductions("mean", _mean),
    *reductions("amax", np.max),
    *reductions("amin", np.min),
    *reductions("any", np.any),
    *reductions("all", np.all),
    *along("cumsum", np.cumsum),
    *along("softmax", _softmax),
    *along("log_softmax", lambda x, dim: np.log(_softmax(x, dim)), tolerance=1e-11),
    *[
        Case(name, (numbers((3, 2)),), lambda x, *, dim, keepdim, f=f: f(x, axis=dim, keepdims=keepdim), {"dim": dim, "keepdim": keep})
        for name, f in (("argmax", np.argmax), ("argmin", np.argmin))
        for dim in (0, 1)
        for keep in (False, True)
    ],
]  # fmt: skip

PRODUCTS = [
    Case("matmul", (numbers((3, 4)), numbers((4, 2), seed=2)), lambda x, y: np.einsum("ij,jk->ik", x, y)),
    Case("matmul", (numbers((2, 3, 4)), numbers((2, 4, 2), seed=2)), lambda x, y: np.einsum("bij,bjk->bik", x, y)),
    Case("matmul", (numbers((2, 0)), numbers((0, 3))), lambda x, y: np.zeros((2, 3))),
    Case("linear", (numbers((3, 4)), numbers((2, 4), seed=1)), lambda x, w: np.einsum("ij,kj->ik", x, w)),
    Case("linear", (numbers((2, 3, 4)), numbers((2, 4), seed=1)), lambda x, w: np.einsum("bij,kj->bik", x, w)),
    Case("linear_bias", (numbers((3, 4)), numbers((2, 4), seed=1), numbers((2,))), lambda x, w, b: np.einsum("ij,kj->ik", x, w) + b),
    Case("linear_bias", (numbers((4,)), numbers((2, 4), seed=1), numbers((2,))), lambda x, w, b: np.einsum("j,kj->k", x, w) + b),
]  # fmt: skip

# ruff: noqa: E501
TABLE: list[Case] = [*ELEMENTWISE, *LOGIC, *MOVEMENT, *REDUCTION, *PRODUCTS]
