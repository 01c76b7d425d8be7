"""Compiled draws: the numbers of the eager ones, from the same stream, which they leave alike."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradatim.compiler.lower.random.draws import DRAWS, supported
from gradatim.compiler.lower.text.emit import Module
from gradatim.compiler.lower.text.types import Value
from gradatim.compiler.machine import engine
from gradatim.compiler.machine.target import host
from gradatim.core.random import Generator, RandomError
from gradatim.core.storage import ArrayType
from gradatim.ops import random as primitives

pytestmark = pytest.mark.skipif(
    engine.available() is not None, reason="no machine code can be made here"
)

F32, F64, I64, I32 = (np.dtype(name) for name in ("float32", "float64", "int64", "int32"))
WHOLE = [np.dtype(t) for t in ("bool", "uint8", "int8", "int16", "int32", "int64", "f4", "f8")]
# Seeds, and how many words were taken before: none, a few, all but one of a block, more than it.
STARTS = [(0, 0), (7, 3), (2**40 + 1, 623), (-3, 1000)]
GUARD = 64  # elements behind a target, which must stay as they are


class Native:
    """A draw in machine code, called with a generator and inputs."""

    def __init__(self, name: str, inputs: tuple[Any, ...] = (), target: Any = None, **params: Any):
        self.name, self.params, self.inputs = name, params, inputs
        self.primitive = getattr(primitives, name)
        self.in_types = tuple(ArrayType(x.shape, x.dtype) for x in inputs)
        self.out_type = self.primitive.shape(*self.in_types, generator=None, **params)
        self._code, self._call = self._build(target or host())

    def _build(self, target: Any) -> tuple[Any, Callable[..., None]]:
        if DRAWS[self.name].fused and not target.has_fma:
            pytest.skip("a machine without fused multiply-add leaves this draw to NumPy")
        assert supported(self.name, self.out_type, self.params, self.in_types, target)
        module = Module(target)
        names = ["%out", "%words", "%spare", *(f"%in{i}" for i in range(len(self.inputs)))]
        f = module.function("draw", [f"ptr noalias {name}" for name in names])
        out, words, spare, *inputs = (Value(name, "ptr") for name in names)
        write = DRAWS[self.name]
        write(f, out, words, spare, tuple(inputs), self.out_type, self.in_types, **self.params)
        f.end()
        code = engine.load(engine.compile_object(str(module), target))
        signature = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(names))
        return code, signature(code.address("draw"))

    def __call__(self, generator: Generator) -> Any:
        size = int(np.prod(self.out_type.shape))
        memory = np.zeros(size + GUARD, self.out_type.dtype)
        memory.view(np.uint8)[:] = 0xA5 if memory.dtype != bool else 1
        guard = memory[size:].tobytes()
        twister = generator.twister
        places = [memory.ctypes.data, twister.address, twister.spare.ctypes.data]
        self._call(*places, *(x.ctypes.data for x in self.inputs))
        assert memory[size:].tobytes() == guard, "written behind the target"
        return memory[:size].reshape(self.out_type.shape)

    def eager(self, generator: Generator) -> Any:
        """The same draw by NumPy."""
        return self.primitive.value(*self.inputs, generator=generator, **self.params)


def agree(native: Native, seed: int, before: int, *, exact: bool = True) -> None:
    """Two draws in a row, the state after each, and an eager draw that follows."""
    ours, theirs = (Generator().manual_seed(seed) for _ in range(2))
    ours.words32(before), theirs.words32(before)
    for _ in range(2):
        drawn, expected = native(ours), native.eager(theirs)
        assert drawn.dtype == expected.dtype
        if exact:
            np.testing.assert_array_equal(drawn, expected)
        else:
            np.testing.assert_allclose(drawn, expected, rtol=6e-16, atol=0)
        assert ours.get_state().tobytes() == theirs.get_state().tobytes()
    np.testing.assert_array_equal(ours.normal(3), theirs.normal(3))


def everywhere(name: str, *inputs: Any, exact: bool = True, **params: Any) -> None:
    """The same from every start."""
    native = Native(name, inputs, **params)
    for seed, before in STARTS:
        agree(native, seed, before, exact=exact)


# ---------------------------------------------------------------------------------------- real


@pytest.mark.parametrize("n", [1, 15, 16, 1025, 2500])
@pytest.mark.parametrize("dtype", [F32, F64], ids=str)
def test_uniform(n, dtype):
    everywhere("uniform", shape=(n,), low=0, high=1, dtype=dtype)


@pytest.mark.parametrize("bounds", [(-1.5, 0.3), (2.0, 2.0), (1.0, 1.0000002)])
@pytest.mark.parametrize("dtype", [F32, F64], ids=str)
def test_uniform_between_bounds(bounds, dtype):
    everywhere("uniform", shape=(5, 41), low=bounds[0], high=bounds[1], dtype=dtype)


@pytest.mark.parametrize("n", [16, 17, 31, 32, 47, 48, 1024, 1055, 2100])
@pytest.mark.parametrize("dtype", [F32, F64], ids=str)
def test_normal_in_blocks(n, dtype):
    exact = dtype == F32
    params = {"shape": (n,), "dtype": dtype, "contiguous": True}
    everywhere("normal", mean=0.0, std=1.0, exact=exact, **params)


@pytest.mark.parametrize(("mean", "std"), [(1.5, 0.3), (0.0, 0.02), (-7, 1), (3.0, 0.0)])
@pytest.mark.parametrize("dtype", [F32, F64], ids=str)
def test_normal_of_other_mean_and_deviation(mean, std, dtype):
    native = Native("normal", shape=(70,), mean=mean, std=std, dtype=dtype, contiguous=True)
    for seed, before in STARTS:
        ours, theirs = (Generator().manual_seed(seed) for _ in range(2))
        ours.words32(before), theirs.words32(before)
        # Near zero the sum with the mean shows more of the last place of a sine.
        tolerance = 0 if dtype == F32 else 6e-16 * (abs(mean) + 6 * std)
        np.testing.assert_allclose(native(ours), native.eager(theirs), rtol=0, atol=tolerance)
        assert ours.get_state().tobytes() == theirs.get_state().tobytes()


@pytest.mark.parametrize("n", [1, 2, 3, 14, 15])
@pytest.mark.parametrize("dtype", [F32, F64], ids=str)
def test_few_normals_in_pairs(n, dtype):
    everywhere("normal", shape=(n,), mean=0.5, std=2.0, dtype=dtype, contiguous=True)


@pytest.mark.parametrize("n", [16, 33])
def test_normals_for_memory_with_gaps(n):
    everywhere("normal", shape=(n,), mean=0.0, std=1.0, dtype=F32, contiguous=False)


def test_the_kept_sine_goes_both_ways():
    native = Native("normal", shape=(3,), mean=0.0, std=1.0, dtype=F32, contiguous=True)
    many = Native("normal", shape=(20,), mean=0.0, std=1.0, dtype=F32, contiguous=True)
    mixed, eager = (Generator().manual_seed(5) for _ in range(2))
    drawn = [native(mixed), mixed.normal(1), mixed.normal(1), many(mixed), native(mixed)]
    expected = [eager.normal(n) for n in (3, 1, 1, 20, 3)]
    for ours, theirs in zip(drawn, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert mixed.get_state().tobytes() == eager.get_state().tobytes()


@pytest.mark.parametrize("n", [1, 7, 8, 600, 1100])
@pytest.mark.parametrize("dtype", [F32, F64], ids=str)
def test_exponential(n, dtype):
    everywhere("exponential", shape=(n,), lambd=1.7, dtype=dtype, exact=dtype == F32)


# ------------------------------------------------------------------------------------ integers


@pytest.mark.parametrize("dtype", WHOLE, ids=str)
def test_integers_of_every_dtype(dtype):
    everywhere("randint", shape=(77,), low=None, high=None, dtype=dtype)
    everywhere("randint", shape=(19,), low=0, high=2, dtype=dtype)
    if dtype.kind in "if":
        everywhere("randint", shape=(40,), low=-50, high=77, dtype=dtype)


@pytest.mark.parametrize("dtype", [I64, F32, F64], ids=str)
def test_integers_of_wide_ranges(dtype):
    for low, high in ((-(2**50), 2**40 + 7), (-(2**63), None), (2**50, 2**50 + 2**26), (9, None)):
        everywhere("randint", shape=(21,), low=low, high=high, dtype=dtype)


@pytest.mark.parametrize("n", [1, 16, 32, 1024, 1100, 2049])
def test_many_integers(n):
    everywhere("randint", shape=(n,), low=0, high=182580, dtype=I64)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    low=st.integers(-(2**63), 2**63 - 2),
    span=st.integers(1, 2**64 - 1) | st.integers(1, 1000),
    n=st.integers(0, 40),
    before=st.integers(0, 700),
)
def test_integers_of_any_range(low, span, n, before):
    high = min(low + span, 2**63 - 1)
    agree(Native("randint", shape=(n,), low=low, high=high, dtype=I64), n, before)


@pytest.mark.parametrize("n", [0, 1, 2, 16, 300, 1024, 1025, 5000])
def test_permutation(n):
    everywhere("randperm", n=n, dtype=I64)


@pytest.mark.parametrize("dtype", [I32, F32, F64, np.dtype("int8"), np.dtype("int16")], ids=str)
def test_permutation_of_other_dtypes(dtype):
    everywhere("randperm", n=100, dtype=dtype)


# ------------------------------------------------------------------------ given probabilities


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("n", [1, 8, 1500])
def test_coins(p, n):
    everywhere("coins", shape=(n,), p=p)


@pytest.mark.parametrize("shape", [(1,), (3, 5), (1100,)], ids=str)
@pytest.mark.parametrize("dtype", [F32, F64], ids=str)
def test_bernoulli(shape, dtype):
    p = Generator().manual_seed(1).uniform(shape, dtype=dtype)
    p.flat[0] = 1
    everywhere("bernoulli", p)


def weights_of(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    weights = Generator().manual_seed(1).uniform(shape, dtype=dtype)
    weights[weights < 0.3] = 0
    weights[..., -1] = 0.25
    return weights


@pytest.mark.parametrize("shape", [(1,), (27,), (4, 8), (3, 600), (2, 9000)], ids=str)
@pytest.mark.parametrize("dtype", [F32, F64], ids=str)
def test_one_category(shape, dtype):
    everywhere("multinomial", weights_of(shape, dtype), num_samples=1, replacement=True)


@pytest.mark.parametrize("replacement", [True, False])
@pytest.mark.parametrize("shape", [(20,), (3, 27), (2, 700)], ids=str)
@pytest.mark.parametrize("dtype", [F32, F64], ids=str)
def test_several_categories(shape, dtype, replacement):
    weights = weights_of(shape, dtype)
    everywhere("multinomial", weights, num_samples=17, replacement=replacement)


def test_weights_that_are_none_give_some_category_of_the_row():
    weights = np.array([[0, 0, 0], [np.nan, np.nan, np.nan], [np.inf, 1, 0]], np.float32)
    for samples, replacement in ((1, True), (4, True), (3, False)):
        params = {"num_samples": samples, "replacement": replacement}
        drawn = Native("multinomial", (weights,), **params)(Generator())
        assert ((drawn >= 0) & (drawn < 3)).all()


# --------------------------------------------------------------------------------- other cases


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("uniform", {"shape": (0, 3), "low": 0, "high": 1, "dtype": F32}),
        ("randint", {"shape": (0,), "low": 0, "high": 9, "dtype": I64}),
        ("coins", {"shape": (2, 0), "p": 0.5}),
        (
            "normal",
            {"shape": (0,), "mean": 0.0, "std": 1.0, "dtype": F32, "contiguous": True},
        ),
    ],
)
def test_no_numbers_take_no_words(name, params):
    everywhere(name, **params)


@pytest.mark.parametrize("vector_bytes", [16, 32])
def test_narrower_vectors_give_the_same(vector_bytes):
    if vector_bytes > host().vector_bytes:
        pytest.skip("the vectors of this machine are narrower")
    target = host().narrow(vector_bytes)
    weights = weights_of((3, 27), F32)
    draws = [
        Native("randint", target=target, shape=(700,), low=0, high=1000, dtype=I64),
        Native("randint", target=target, shape=(70,), low=0, high=2**40 + 1, dtype=I64),
        Native("coins", target=target, shape=(1203,), p=0.3),
        Native("bernoulli", (weights,), target=target),
        Native("randperm", target=target, n=1100, dtype=I64),
    ]
    normal = {"shape": (1055,), "mean": 0.0, "std": 1.0, "dtype": F32, "contiguous": True}
    if supported("normal", ArrayType((1055,), F32), normal, (), target):
        several = {"num_samples": 3, "replacement": True}
        draws.append(Native("normal", target=target, **normal))
        draws.append(Native("multinomial", (weights,), target=target, **several))
    for native in draws:
        agree(native, 11, 600)


def test_what_the_eager_draw_refuses_is_left_to_it():
    real = {"shape": (3,), "dtype": F32}
    refused = [
        ("uniform", {**real, "low": 2.0, "high": 1.0}),
        ("uniform", {**real, "low": -3e38, "high": 3e38}),
        ("normal", {**real, "mean": 0.0, "std": -1.0, "contiguous": True}),
        ("exponential", {**real, "lambd": 0.0}),
        ("coins", {"shape": (3,), "p": 1.5}),
        ("randint", {"shape": (3,), "low": 5, "high": 5, "dtype": I64}),
        ("randint", {"shape": (3,), "low": 0, "high": 300, "dtype": np.dtype("uint8")}),
        ("randperm", {"n": 300, "dtype": np.dtype("uint8")}),
    ]
    for name, params in refused:
        primitive = getattr(primitives, name)
        out_type = primitive.shape(generator=None, **params)
        assert not supported(name, out_type, params), name
        with pytest.raises(RandomError):
            primitive.value(generator=Generator(), **params)


def test_what_is_not_native():
    assert not supported("randperm", ArrayType((2**28,), I64), {"n": 2**28, "dtype": I64})
    several = {"num_samples": 2, "replacement": True}
    out_type, weights = ArrayType((2,), I64), ArrayType((10000,), F32)
    assert not supported("multinomial", out_type, several, (weights,))
    assert not supported("sort", out_type, {})
