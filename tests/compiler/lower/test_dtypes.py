"""Machine code on every dtype and on awkward numbers, sizes and strides, against eager.

What is computed, in which dtype, and how it lies in memory are three tables, which different parts
of the compiler turn into code. Every entry of one meets every entry of each of the others; to try
all three at once would take minutes, and find nothing more. (Random graphs mix them all.)
"""

from __future__ import annotations

import warnings
from itertools import product
from typing import Any

import numpy as np
import pytest

import gradatim
from gradatim.compiler.ir.kinds import DIVISIONS, ELEMENTWISE, FUNCTIONS, SUMS
from gradatim.core.primitive import REGISTRY
from tests.compiler.running import Bound

DTYPES = ("float32", "float64", "int64", "int32", "uint8", "bool")
SPECIAL = [0.0, -0.0, np.nan, np.inf, -np.inf, 1.0, -1.0, 0.5, 2.0, 1e-40, 3e38, -7.5, 1e4]
# These differ in the last places: they are polynomials.
ROUNDED = {*FUNCTIONS, "pow", "remainder", "floor_divide", "reciprocal", "erf"}


def values(dtype: str, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Numbers of a dtype; among floats the special ones, among integers the extremes."""
    rng = np.random.default_rng(seed)
    count = int(np.prod(shape))
    if dtype == "bool":
        return (rng.random(count) < 0.5).reshape(shape)
    if dtype.startswith("float"):
        x = rng.normal(size=count).astype(dtype)
        places = rng.permutation(count)[: len(SPECIAL)]
        with np.errstate(over="ignore"):
            x[places] = np.array(SPECIAL[: len(places)]).astype(dtype)
        return x.reshape(shape)
    limits = np.iinfo(dtype)
    x = rng.integers(max(-9, limits.min), 10, count).astype(dtype)
    x[: min(2, count)] = [limits.min, limits.max][: min(2, count)]
    return x.reshape(shape)


def assert_same(got: Any, want: Any, told: str, *, places: float = 0) -> None:
    a, b = got.detach().numpy(), want.detach().numpy()
    assert (a.shape, a.dtype) == (b.shape, b.dtype), told
    if a.dtype.kind == "f" and places:
        np.testing.assert_allclose(a, b, rtol=places * np.finfo(a.dtype).eps, err_msg=told)
    else:
        np.testing.assert_array_equal(a, b, err_msg=told)


def both(function: Any, tensors: list[Any]) -> tuple[list[Any], list[Any]]:
    """What a function that returns a list returns, compiled and eager."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        return Bound(function, tensors)(*tensors), function(*tensors)


# -- elementwise ---------------------------------------------------------------------------------


def is_meant(name: str, *inputs: Any, **params: Any) -> bool:
    """Whether a primitive is for these dtypes: those that the face of the library gives it."""
    primitive = REGISTRY[name]
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            found = primitive(*inputs, **params).numpy()
        except (TypeError, ValueError, KeyError):
            return False
    told = primitive.shape(*[x._type for x in inputs], **params)
    return bool(told.dtype == found.dtype)


def forms(x: Any) -> list[Any]:
    """One tensor (6, 7): in order, turned, every other one, repeated, one alone, cut, reversed."""
    return [
        x,
        x.permute(1, 0),
        x[:, ::2],
        x[:1].expand(6, 7),
        x[2, 3],
        x[:, 1:2].expand(6, 7),
        x.reshape(42)[:41],
        x.flip(0, 1)[1:],
    ]


NAMES_OF_ONE = sorted(ELEMENTWISE - {"cast"})


def some_forms(x: Any, turn: int, number: int) -> list[Any]:
    """All forms if it is the turn of the tensor with that number, else two of them."""
    found = forms(x)
    return found if turn == number else [found[0], found[1 + (turn + number) % 7]]


@pytest.mark.parametrize("name", NAMES_OF_ONE)
def test_elementwise(name: str) -> None:
    primitive = REGISTRY[name]
    count = len(primitive.inputs)
    calls = []
    for dtype in DTYPES:
        inputs = [gradatim.tensor(values(dtype, (6, 7), seed)) for seed in range(count)]
        if name == "where":
            inputs[0] = gradatim.tensor(values("bool", (6, 7), 5))
        if name == "pow" and dtype.startswith("int"):
            inputs[1] = inputs[1].abs() % 5
        if name in DIVISIONS and not dtype.startswith("float"):
            inputs[1] = gradatim.where(inputs[1] == 0, 3, inputs[1]).to(inputs[1].dtype)
        if is_meant(name, *inputs):
            calls.append((dtype, inputs))
    assert calls
    turn = NAMES_OF_ONE.index(name) % len(calls)  # whose turn it is to be seen in all forms

    def run(*flat: Any) -> list[Any]:
        found = []
        for i in range(0, len(flat), count):
            shapes = [some_forms(x, turn, i // count) for x in flat[i : i + count]]
            found += [primitive(*xs) for xs in zip(*shapes, strict=True)]
            if count == 2:
                found.append(primitive(flat[i], forms(flat[i + 1])[3]))
        return found

    places = 8 if name in ROUNDED else 0
    for got, want in zip(*both(run, [x for _, xs in calls for x in xs]), strict=True):
        assert_same(got, want, name, places=places)


@pytest.mark.parametrize("source", DTYPES)
def test_cast(source: str) -> None:
    x = gradatim.tensor(values(source, (6, 7)))
    if source.startswith("float"):  # what a float out of range becomes is the machine's affair
        x = gradatim.where(x.abs() < 100, x, gradatim.tensor(3.5, dtype=x.dtype))

    def run(x: Any) -> list[Any]:
        return [y.to(getattr(gradatim, to)) for to in DTYPES for y in forms(x)]

    if source.startswith("float"):
        x = x.abs()  # to uint8
    for got, want in zip(*both(run, [x]), strict=True):
        assert_same(got, want, source)


# -- reductions ----------------------------------------------------------------------------------

SHAPES = [(3, 37, 5), (2, 300), (300, 2), (1, 7), (7, 1), (1, 1), (17,), (2, 3, 4, 5), ()]
LARGE = [(20000,), (5000, 7), (70, 300), (3, 9000)]  # of several work items
NAMES = sorted({*SUMS, "argmax", "argmin"})


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_reduction(name: str, dtype: str) -> None:
    calls = []
    for shape in SHAPES + (LARGE if dtype in ("float32", "bool") else []):
        x = gradatim.tensor(values(dtype, shape))
        n = len(shape)
        every = [d for k in range(n + 1) for d in _subsets(n, k)]
        if name.startswith("arg"):
            some = [{"dim": d, "keepdim": (n + d) % 2 == 0} for d in range(n)]
        else:
            some = [{"dims": d, "keepdim": len(d) % 2 == 0} for d in every]
        if dtype != "float32" and shape not in LARGE:
            some = some[NAMES.index(name) % 3 :: 3]
        calls += [(x, params) for params in some if is_meant(name, x, **params)]
    if name in ("reduce_sum", "reduce_prod") and dtype.startswith("float"):
        tame = [gradatim.tensor(np.random.default_rng(1).normal(size=x.shape)) for x, _ in calls]
        calls = [(t.to(x.dtype), p) for t, (x, p) in zip(tame, calls, strict=True)]

    def run(*xs: Any) -> list[Any]:
        return [REGISTRY[name](x, **params) for x, (_, params) in zip(xs, calls, strict=True)]

    if not calls:
        return
    found = both(run, [x for x, _ in calls])
    for (x, params), got, want in zip(calls, *found, strict=True):
        told = f"{name} {tuple(x.shape)} {params}"
        if name in ("reduce_sum", "reduce_prod") and dtype.startswith("float"):
            a, b = got.numpy(), want.numpy()
            assert (a.shape, a.dtype) == (b.shape, b.dtype), told
            eps = np.finfo(a.dtype).eps
            np.testing.assert_allclose(a, b, rtol=40 * eps, atol=2000 * eps, err_msg=told)
        else:
            assert_same(got, want, told)


@pytest.mark.parametrize("name", ["reduce_sum", "amax", "amin"])
@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shape", [(5, 3), (3, 70), (70, 3), (2, 3, 40)])
def test_nan_and_infinity_go_through_a_reduction(
    name: str, special: float, shape: tuple[int, ...]
) -> None:
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    x[(-1,) * len(shape)] = special
    every = [d for k in range(1, len(shape) + 1) for d in _subsets(len(shape), k)]

    def run(x: Any) -> list[Any]:
        return [REGISTRY[name](x, dims=d, keepdim=False) for d in every]

    for got, want in zip(*both(run, [gradatim.tensor(x)]), strict=True):
        np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=1e-4, atol=1e-5)


def _subsets(n: int, k: int) -> list[tuple[int, ...]]:
    return [d for d in product(range(n), repeat=k) if list(d) == sorted(set(d))]


@pytest.mark.parametrize("dtype", ["float32", "int64", "float64"])
def test_adam_goes_on_from_a_count_of_any_dtype(dtype: str) -> None:
    def trained(compiled: bool) -> list[float]:
        w = gradatim.tensor([1.0, -2.0], requires_grad=True)
        optimizer = gradatim.optim.Adam([w], lr=0.1)

        def step() -> None:
            optimizer.zero_grad()
            (w * w).sum().backward()
            optimizer.step()

        step()
        optimizer.state[w]["step"] = gradatim.tensor(7, dtype=getattr(gradatim, dtype))
        for _ in range(3):
            (gradatim.compile(step) if compiled else step)()
        assert optimizer.state[w]["step"].item() == 10
        return w.tolist()

    np.testing.assert_allclose(trained(True), trained(False), 1e-6)
