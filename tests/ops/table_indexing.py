"""The table's cases of indexing."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.case import SHAPES, Case, integers, numbers, truths


def _take(x: Any, index: Any, *, dim: int) -> Any:
    return np.moveaxis(
        np.moveaxis(x, dim, 0)[index], range(index.ndim), range(dim, dim + index.ndim)
    )


def _put(x: Any, index: Any, values: Any, *, dim: int, accumulate: bool) -> Any:
    out = np.moveaxis(x.copy(), dim, 0)
    rows = np.moveaxis(values, range(dim, dim + index.ndim), range(index.ndim))
    for place in np.ndindex(index.shape):
        out[index[place]] = rows[place] + (out[index[place]] if accumulate else 0)
    return np.moveaxis(out, 0, dim)


def _gather(x: Any, index: Any, *, dim: int) -> Any:
    out = np.empty(index.shape, x.dtype)
    for place in np.ndindex(index.shape):
        out[place] = x[(*place[:dim], index[place], *place[dim + 1 :])]
    return out


def _scattered(join: Any) -> Any:
    def expected(x: Any, index: Any, values: Any, *, dim: int, **_: Any) -> Any:
        out = x.copy()
        for place in np.ndindex(index.shape):
            target = (*place[:dim], index[place], *place[dim + 1 :])
            out[target] = join(out[target], values[place])
        return out

    return expected


def _scatter(x: Any, index: Any, values: Any, *, dim: int, accumulate: bool) -> Any:
    join = (lambda old, new: old + new) if accumulate else (lambda old, new: new)
    return _scattered(join)(x, index, values, dim=dim)


def _extreme(x: Any, index: Any, values: Any, *, dim: int, largest: bool) -> Any:
    return _scattered(max if largest else min)(x, index, values, dim=dim)


def _reinterpreted(x: Any, *, dtype: Any) -> Any:
    return np.frombuffer(np.asarray(x).tobytes(), dtype).reshape(np.shape(x))


def _diagonal(x: Any, *, offset: int, dim1: int, dim2: int) -> Any:
    return np.diagonal(x, offset, dim1, dim2)


def _updated(x: Any, y: Any, *, view: Any) -> Any:
    out = x.copy()
    out[view[0][1]["index"]] = y
    return out


def _slice_step(*index: Any) -> Any:
    from gradatim.ops.movement import slice_

    return ((slice_, {"index": index}),)


SLICES = [
    (numbers((4, 3)), integers((2, 3), 0, 4), 0),
    (numbers((2, 4)), integers((5,), -4, 4), 1),
    (numbers((2, 3, 2)), integers((4,), -3, 3), 1),
    (numbers((5,)), integers((2, 2), 0, 5), 0),
    (numbers((4, 2)), integers((), 0, 4), 0),
    (numbers((3, 2)), np.zeros((0,), np.int64), 0),
]


def _slices_like(x: Any, index: Any, dim: int) -> Any:
    return numbers((*x.shape[:dim], *index.shape, *x.shape[dim + 1 :]), seed=3)


PICKING = [
    *[Case("take", (x, index), _take, {"dim": dim}) for x, index, dim in SLICES],
    *[
        Case("put", (x, index, _slices_like(x, index, dim)), _put, {"dim": dim, "accumulate": True})
        for x, index, dim in SLICES
    ],
    *[
        # Without accumulation the places are different: of equal ones the last one stays.
        Case(
            "put",
            (numbers((4, 3)), index, numbers((*index.shape, 3), seed=3)),
            _put,
            {"dim": 0, "accumulate": False},
        )
        for index in (np.array([2, 0]), np.array([[-1], [1]]))
    ],
]

PICKING += [
    Case("put_in", case.inputs, case.expected, case.params)
    for case in PICKING
    if case.primitive == "put"
]

ELEMENTS_OF = [
    (numbers((3, 4)), integers((3, 2), 0, 4), 1),
    (numbers((3, 4)), integers((5, 4), 0, 3), 0),
    (numbers((2, 3, 2)), integers((2, 2, 2), 0, 3), 1),
    (numbers((4,)), integers((6,), 0, 4), 0),
    (numbers((3, 2)), np.zeros((0, 2), np.int64), 0),
]

ELEMENTS = [
    *[Case("gather", (x, index), _gather, {"dim": dim}) for x, index, dim in ELEMENTS_OF],
    *[
        Case(
            "scatter",
            (x, index, numbers(index.shape, seed=3)),
            _scatter,
            {"dim": dim, "accumulate": True},
        )
        for x, index, dim in ELEMENTS_OF
    ],
    Case(
        "scatter",
        (numbers((3, 4)), np.array([[1, 0], [3, 2], [0, 1]]), numbers((3, 2), seed=3)),
        _scatter,
        {"dim": 1, "accumulate": False},
    ),
    *[
        Case(
            "scatter_extreme",
            (x, index, numbers(index.shape, seed=3)),
            _extreme,
            {"dim": dim, "largest": largest},
        )
        for x, index, dim in ELEMENTS_OF
        for largest in (True, False)
    ],
    *[
        Case(
            "scatter_prod",
            (x, index, numbers(index.shape, seed=3)),
            _scattered(lambda a, b: a * b),
            {"dim": dim},
        )
        for x, index, dim in ELEMENTS_OF
    ],
    Case(
        "scatter_prod",  # zeros alone, in company of others, and two of them together
        (
            np.array([2.0, 0.0, 3.0, 1.0]),
            np.array([0, 0, 2, 2, 3]),
            np.array([0.0, 5.0, 0.0, 0.0, 4.0]),
        ),
        _scattered(lambda a, b: a * b),
        {"dim": 0},
        second=False,
    ),
]

PLACES = [
    *[
        Case(
            "take_pairs",
            (x, i, j),
            lambda x, i, j, *, dim: x[(slice(None),) * dim + (i, j)],
            {"dim": dim},
        )
        for x, i, j, dim in (
            (numbers((3, 4)), np.array([0, 2, 2, -1]), np.array([1, -4, 1, 3]), 0),
            (numbers((2, 3, 4)), np.array([[0], [2]]), np.array([[1], [3]]), 1),
            (numbers((3, 4, 2)), np.array(1), np.array(2), 0),
            (numbers((3, 4)), np.zeros((0,), np.int64), np.zeros((0,), np.int64), 0),
        )
    ],
    *[
        Case(
            "fill_in",
            (numbers(shape), truths(mask), np.array(2.5)),
            lambda x, mask, value: np.where(mask, value, x),
        )
        for shape, mask in (((3, 4), (3, 4)), ((3, 4), (3, 1)), ((0, 4), (1, 4)), ((), ()))
    ],
    *(
        Case("reinterpret", (numbers(shape),), _reinterpreted, {"dtype": np.dtype("int64")})
        for shape in SHAPES
    ),
    Case("diagonal", (numbers((3, 4)),), _diagonal, {"offset": 0, "dim1": 0, "dim2": 1}),
    Case("diagonal", (numbers((3, 4)),), _diagonal, {"offset": 2, "dim1": 1, "dim2": 0}),
    Case("diagonal", (numbers((2, 3, 3)),), _diagonal, {"offset": -1, "dim1": 1, "dim2": 2}),
    Case("diagonal", (numbers((2, 2)),), _diagonal, {"offset": 5, "dim1": 0, "dim2": 1}),
    Case("diagonal", (numbers((0, 3)),), _diagonal, {"offset": 0, "dim1": 0, "dim2": 1}),
    Case(
        "update_view",
        (numbers((4, 3)), numbers((2, 3), seed=1)),
        _updated,
        {"view": _slice_step(slice(0, 4, 2))},
    ),
    Case(
        "update_view", (numbers((4, 3)), numbers((), seed=1)), _updated, {"view": _slice_step(1, 2)}
    ),
    Case(
        "flat_index",
        (integers((3,), 0, 4), integers((2, 1), 0, 5)),
        lambda i, j, *, sizes: i * 5 + j,
        {"sizes": (4, 5)},
    ),
    Case(
        "flat_index",
        (np.array([-1, 0]), np.array([-2, 4])),
        lambda i, j, *, sizes: np.array([18, 4]),
        {"sizes": (4, 5)},
    ),
    Case(
        "flat_index",
        (integers((0,), 0, 4), integers((1,), 0, 5)),
        lambda i, j, *, sizes: i,
        {"sizes": (4, 5)},
    ),
    Case("nonzero", (truths((3, 4)),), np.argwhere, shape_known=False),
    Case("nonzero", (np.array(2.0),), lambda x: np.zeros((1, 0)), shape_known=False),
    Case("nonzero", (np.zeros((0, 2)),), np.argwhere, shape_known=False),
    Case("true_places", (truths((3, 4)),), np.flatnonzero, shape_known=False),
    Case("true_places", (truths((4, 3)).T,), np.flatnonzero, shape_known=False),
    Case("true_places", (np.array(True),), np.flatnonzero, shape_known=False),
    Case("true_places", (truths((0, 2)),), np.flatnonzero, shape_known=False),
]

INDEXING: list[Case] = [*PICKING, *ELEMENTS, *PLACES]
