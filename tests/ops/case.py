"""What a case of the table is, and how rows of cases are made.

One `Case` is one call: the primitive's inputs as float64 or integer arrays, its static
parameters, and the value in plain NumPy, written independently of the library's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

SHAPES = ((3, 2), (), (0, 2), (1,), (2, 1, 3))


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

    def call_params(self) -> dict[str, Any]:
        """The parameters of one call: a generator is given as a function that makes one anew."""
        made = dict(self.params)
        if "generator" in made:
            made["generator"] = made["generator"]()
        return made

    def __str__(self) -> str:
        shapes = ",".join(str(np.shape(x)).replace(" ", "") for x in self.inputs)
        return f"{self.primitive}-{shapes}" + "".join(
            f"-{name}={_brief(value)}" for name, value in self.params.items() if name != "generator"
        )


def _brief(value: Any) -> str:
    if isinstance(value, slice):
        return ":".join("" if n is None else str(n) for n in (value.start, value.stop, value.step))
    if isinstance(value, tuple):
        return f"({','.join(map(_brief, value))})"
    if isinstance(value, dict):
        return "".join(map(_brief, value.values()))
    return str(getattr(value, "name", value))


# -- numbers ------------------------------------------------------------------------------------


def numbers(shape: tuple[int, ...], low: float = -2, high: float = 2, seed: int = 0) -> Any:
    """Well separated numbers (no ties, none within 0.02 of an integer), in a fixed disorder."""
    n = math.prod(shape)
    rng = np.random.default_rng(seed + n)
    x = low + (high - low) * (rng.permutation(n) + 0.37 + 0.03 * (seed % 9)) / max(n, 1)
    x = np.where(np.abs(x - np.rint(x)) < 0.02, x + 0.05, x)
    return x.reshape(shape)


def integers(shape: tuple[int, ...], low: int, high: int, seed: int = 0) -> Any:
    """Integers in [low, high)."""
    return np.random.default_rng(seed).integers(low, high, shape)


def truths(shape: tuple[int, ...]) -> Any:
    """Coins."""
    return np.random.default_rng(3).random(shape) < 0.5


# -- rows of cases ------------------------------------------------------------------------------


def unary(name: str, expected: Any, low: float = -2, high: float = 2, **more: Any) -> list[Case]:
    """An operation on one number, at every place of several shapes."""
    return [Case(name, (numbers(s, low, high),), expected, **more) for s in SHAPES]


def binary(name: str, expected: Any, low: float = -2, high: float = 2, **more: Any) -> list[Case]:
    """An operation on two numbers."""
    return [
        Case(name, (numbers(s, low, high), numbers(s, low, high, 7)), expected, **more)
        for s in SHAPES
    ]


def logic(name: str, expected: Any) -> list[Case]:
    """An operation on two integers, of which many are equal."""
    return [Case(name, (integers(s, 0, 3), integers(s, 0, 3, 1)), expected) for s in SHAPES]


def several(
    name: str, expected: Any, calls: Iterable[tuple[Any, dict[str, Any]]], **more: Any
) -> list[Case]:
    """An operation on one array, for each shape and parameters."""
    return [Case(name, (numbers(shape),), expected, params, **more) for shape, params in calls]


DIMS = (
    ((3, 2), (0,)),
    ((3, 2), (1,)),
    ((2, 3, 2), (0, 2)),
    ((3, 2), (0, 1)),
    ((2, 1, 3), (1,)),
    ((1,), (0,)),
    ((), ()),
    ((0, 2), (1,)),  # nothing of something: no rows are left
)
OF_NOTHING = (((0, 2), (0,)), ((0,), (0,)), ((2, 0), (0, 1)))  # only with a neutral element


def reductions(
    name: str, expected: Any, low: float = -2, dims: Any = DIMS, **more: Any
) -> list[Case]:
    """Along each dimension, several, all, none; kept and not."""
    return [
        Case(
            name,
            (numbers(shape, low),),
            lambda x, *, dims, keepdim: expected(x, axis=dims, keepdims=keepdim),
            {"dims": some, "keepdim": keepdim},
            **more,
        )
        for shape, some in dims
        for keepdim in (False, True)
    ]


def along(name: str, expected: Any, low: float = -2, **more: Any) -> list[Case]:
    """Operations along one dimension that keep the shape."""
    calls = (
        ((3, 2), 0),
        ((3, 2), 1),
        ((2, 3, 2), 1),
        ((1, 4), 0),
        ((5,), 0),
        ((0, 2), 1),
        ((2, 0), 1),
    )
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
