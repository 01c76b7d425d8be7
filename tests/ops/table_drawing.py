"""The table's cases of numbers out of nothing: constants, ranges and random draws.

What the generator draws is proved elsewhere, against PyTorch; here, that a primitive asks it
for the right thing and returns its answer as its shape rule says.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradatim.core.random import Generator
from tests.ops.case import SHAPES, Case, numbers

F32, F64, I64, I32 = (np.dtype(name) for name in ("float32", "float64", "int64", "int32"))


def _generator() -> Generator:
    return Generator().manual_seed(5)


def _drawn(method: str) -> Any:
    """What a generator of the same seed answers."""

    def expected(*arrays: Any, generator: Any, **params: Any) -> Any:
        return getattr(_generator(), method)(*arrays, **params)

    return expected


def _filled(*, shape: Any, value: Any, dtype: Any) -> Any:
    return np.zeros(shape, dtype) + value


def _coins(*, generator: Any, shape: Any, p: float) -> Any:
    return _generator().bernoulli(p, shape)


def _multinomial(p: Any, *, generator: Any, num_samples: int, replacement: bool) -> Any:
    return _generator().multinomial(p, num_samples, replacement=replacement)


def _arange(*, start: Any, step: Any, count: int, dtype: Any) -> Any:
    return np.array([start + i * step for i in range(count)]).astype(dtype)


CONSTANTS = [
    *[
        Case(name, (), _filled, {"shape": shape, "value": value, "dtype": dtype})
        for name in ("filled", "repeated")
        for shape in SHAPES
        for value, dtype in ((1.5, F64), (0, F32), (-3, I64), (True, np.dtype("bool")))
    ],
    *[
        Case("constant", (), lambda *, array: array.copy(), {"array": np.arange(6).astype(d) % 2})
        for d in (F64, F32, I64, np.dtype("bool"))
    ],
    Case("constant", (), lambda *, array: array.copy(), {"array": np.array(-2.5)}),
    *[
        Case("arange", (), _arange, {"start": a, "step": s, "count": n, "dtype": dtype})
        for a, s, n, dtype in ((0, 1, 5, I64), (2.5, -0.5, 4, F64), (0, 3, 0, I32), (1, 2, 3, F32))
    ],
    *[
        Case(
            "linspace",
            (),
            lambda *, start, stop, count, dtype: np.linspace(start, stop, count).astype(dtype),
            {"start": a, "stop": b, "count": n, "dtype": F64},
        )
        for a, b, n in ((0, 1, 5), (3.0, -1.0, 4), (2, 7, 1), (0, 1, 0))
    ],
]

DRAWS = [
    *[
        Case(name, (), _drawn(method), {"generator": _generator, "shape": shape, **params})
        for shape in ((3, 2), (), (0, 2), (17,))
        for name, method, params in (
            ("uniform", "uniform", {"low": -1.0, "high": 2.0, "dtype": F64}),
            ("uniform", "uniform", {"low": 0.0, "high": 1.0, "dtype": F32}),
            ("normal", "normal", {"mean": 1.0, "std": 2.0, "dtype": F64, "contiguous": True}),
            ("exponential", "exponential", {"lambd": 2.0, "dtype": F32}),
            ("randint", "random_", {"low": -2, "high": 9, "dtype": I64}),
        )
    ],
    *[
        Case("randperm", (), _drawn("permutation"), {"generator": _generator, "n": n, "dtype": I64})
        for n in (0, 1, 7)
    ],
    *[
        Case("coins", (), _coins, {"generator": _generator, "shape": shape, "p": 0.3})
        for shape in SHAPES
    ],
    *[
        Case("bernoulli", (numbers(s, 0, 1),), _drawn("bernoulli"), {"generator": _generator})
        for s in SHAPES
    ],
    *[
        Case(
            "multinomial",
            (numbers(shape, 0.1, 1),),
            _multinomial,
            {"generator": _generator, "num_samples": 2, "replacement": replacement},
        )
        for shape in ((4,), (3, 5))
        for replacement in (False, True)
    ],
]

DRAWING: list[Case] = [*CONSTANTS, *DRAWS]
