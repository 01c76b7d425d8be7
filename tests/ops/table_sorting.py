"""The table's cases of sorting, running operations and statistics."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.case import Case, along, integers, numbers, reductions


def _argsort(x: Any, *, dim: int, descending: bool) -> Any:
    return np.argsort(-x if descending else x, dim, kind="stable")


def _median(x: Any, *, dim: int) -> Any:
    middle = np.take(np.argsort(x, dim, kind="stable"), [(x.shape[dim] - 1) // 2], dim)
    first = np.argmax(np.isnan(x), dim, keepdims=True)
    return np.where(np.isnan(x).any(dim, keepdims=True), first, middle)


def _top(x: Any, *, k: int, dim: int, largest: bool) -> Any:
    return np.take(_argsort(x, dim=dim, descending=largest), range(k), dim)


def _searchsorted(edges: Any, values: Any, *, right: bool) -> Any:
    before = np.less_equal if right else np.less
    return before(edges[..., None, :], values[..., None]).sum(-1)


def _extreme_of(x: Any, *, dim: int, largest: bool, keepdim: bool) -> Any:
    index = (np.argmax if largest else np.argmin)(x, dim, keepdims=keepdim)
    return (np.max if largest else np.min)(x, axis=dim, keepdims=keepdim), index


LONG = integers((2, 100), -9, 9).astype(np.float32)  # long enough for the packed order, with ties

SORTING = [
    *[
        Case(
            "extreme",
            (numbers(shape),),
            _extreme_of,
            {"dim": dim, "largest": largest, "keepdim": keepdim},
        )
        for shape, dim in (((3, 4), 0), ((2, 3, 2), 1), ((5,), 0), ((0, 2), 1))
        for largest in (True, False)
        for keepdim in (True, False)
    ],
    *[
        Case("argsort", (x,), _argsort, {"dim": dim, "descending": descending})
        for x, dim in (
            (numbers((3, 4)), 1),
            (integers((6, 2), 0, 3), 0),
            (LONG, 1),
            (numbers((0,)), 0),
        )
        for descending in (False, True)
    ],
    *[
        Case("top", (x,), _top, {"k": k, "dim": dim, "largest": largest})
        for x, k, dim in (
            (numbers((3, 4)), 2, 1),
            (integers((6, 2), 0, 3), 3, 0),
            (LONG, 7, 1),
            (LONG, 1, 1),
            (LONG, 0, 1),
            (numbers((2, 0)), 0, 1),
            (numbers((0, 3)), 2, 1),
        )
        for largest in (False, True)
    ],
    *[
        Case(
            "kth",
            (x,),
            lambda x, *, k, dim: np.take(np.argsort(x, dim, kind="stable"), [k], dim),
            {"k": k, "dim": dim},
        )
        for x, k, dim in (
            (numbers((3, 4)), 2, 1),
            (integers((6, 2), 0, 3), 3, 0),
            (LONG, 7, 1),
            (LONG.astype(np.float32), 60, 1),
            (numbers((0, 3)), 1, 1),
        )
    ],
    *[
        Case("median", (x,), _median, {"dim": dim})
        for x, dim in (
            (numbers((3, 4)), 1),
            (integers((6, 2), 0, 3), 0),
            (LONG, 1),
            (LONG.astype(np.float32).T, 0),
            (np.array([[2.0, np.nan, np.nan], [-np.nan, np.inf, 1.0], [3.0, -0.0, 0.0]]), 1),
            (np.array([1.0]), 0),
            (numbers((0, 3)), 1),
        )
    ],
    *[
        Case("searchsorted", inputs, _searchsorted, {"right": right})
        for inputs in (
            (np.array([1.0, 2.0, 2.0, 5.0]), np.array([[0.0, 2.0], [3.0, 9.0]])),
            (np.sort(numbers((2, 3)), 1), numbers((2, 4), seed=1)),
            (np.array([1.0, 2.0]), np.array([])),
            (np.array([]), np.array([1.0, 2.0])),
            (numbers((3, 0)), numbers((3, 2))),
        )
        for right in (False, True)
    ],
    Case(
        "unique",
        (np.array([3, 1, 3]),),
        lambda x, *, dim: (np.array([1, 3]), np.array([1, 0, 1]), np.array([1, 2])),
        {"dim": None},
        shape_known=False,
    ),
    Case(
        "unique",
        (np.array([[3, 1], [3, 1], [2, 0]]),),
        lambda x, *, dim: (x[[2, 0]], np.array([1, 1, 0]), np.array([1, 2])),
        {"dim": 0},
        shape_known=False,
    ),
    Case(
        "unique",
        (np.zeros((0,)),),
        lambda x, *, dim: (x, np.zeros(0), np.zeros(0)),
        {"dim": None},
        shape_known=False,
    ),
    Case("bincount", (np.zeros((0,), np.int64),), lambda x, *, length: np.zeros(2), {"length": 2}),
    Case(
        "bincount",
        (np.array([0, 2, 2]),),
        lambda x, *, length: np.array([1, 0, 2, 0]),
        {"length": 4},
    ),
]


def _recurrence(a: Any, b: Any, *, dim: int) -> Any:
    a, b = np.moveaxis(a, dim, 0), np.moveaxis(b, dim, 0)
    out = np.zeros(a.shape)
    for i in range(len(a)):
        out[i] = b[i] + (a[i] * out[i - 1] if i else 0)
    return np.moveaxis(out, 0, dim)


def _running_index(x: Any, *, dim: int, largest: bool) -> Any:
    pick = np.argmax if largest else np.argmin
    parts = [pick(np.take(x, range(i + 1), dim), dim) for i in range(x.shape[dim])]
    return np.stack(parts, dim)


ZEROS = np.array([[2.0, 0.0, 3.0], [0.0, 4.0, 0.0]])

RUNNING = [
    *along("cumprod", np.cumprod),
    Case("cumprod", (ZEROS,), lambda x, *, dim: np.cumprod(x, dim), {"dim": 1}),
    *reductions("reduce_prod", np.prod),
    Case(
        "reduce_prod",
        (ZEROS,),
        lambda x, *, dims, keepdim: x.prod(1),
        {"dims": (1,), "keepdim": False},
    ),
    *[
        Case("recurrence", (numbers(shape), numbers(shape, seed=1)), _recurrence, {"dim": dim})
        for shape, dim in (((4,), 0), ((3, 2), 0), ((2, 3, 2), 1), ((1,), 0), ((0, 2), 0))
    ],
    *[
        Case("running_index", (numbers((3, 4)),), _running_index, {"dim": dim, "largest": largest})
        for dim in (0, 1)
        for largest in (False, True)
    ],
    Case("running_index", (numbers((0, 2)),), _running_index, {"dim": 1, "largest": True}),
]


def _statistic(function: Any) -> Any:
    return lambda x, *, dims, keepdim, **params: function(x, axis=dims, keepdims=keepdim, **params)


def _norm(x: Any, *, p: float, axis: Any, keepdims: bool) -> Any:
    size = np.abs(x)
    if p == 0:
        return (size > 0).sum(axis, keepdims=keepdims)
    if np.isinf(p):
        return (np.max if p > 0 else np.min)(size, axis=axis, keepdims=keepdims)
    return (size**p).sum(axis, keepdims=keepdims) ** (1 / p)


DIMS = [((3, 2), (0,)), ((2, 3, 2), (0, 2)), ((3, 2), (0, 1)), ((0, 2), (1,))]

STATISTICS = [
    *[
        Case(
            name,
            (numbers(shape),),
            _statistic(
                lambda x, *, axis, keepdims, correction, f=f: f(
                    x, axis, ddof=correction, keepdims=keepdims
                )
            ),
            {"dims": dims, "correction": correction, "keepdim": keepdim},
        )
        for name, f in (("var", np.var), ("std", np.std))
        for shape, dims in [*DIMS, *([((), ())] if name == "var" else [])]
        for correction in (0, 1)[: 1 + bool(dims)]  # one number has no variance to correct
        for keepdim in (False, True)
    ],
    *[
        Case(
            "norm", (numbers(shape),), _statistic(_norm), {"p": p, "dims": dims, "keepdim": keepdim}
        )
        for p in (0.0, 1.0, 2.0, 3.0, 1.5, float("inf"), float("-inf"))
        for shape, dims in [*DIMS, ((), ())]
        for keepdim in (False, True)
    ],
    *reductions(
        "logsumexp", lambda x, axis, keepdims: np.log(np.exp(x).sum(axis, keepdims=keepdims))
    ),
]

ORDERS: list[Case] = [*SORTING, *RUNNING, *STATISTICS]
