"""Every elementwise primitive in machine code gives what it gives in NumPy, for every dtype."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pytest

import gradatim  # noqa: F401  (registers the primitives)
from gradatim.compiler.ir.kinds import ELEMENTWISE as NAMES
from gradatim.compiler.lower.arithmetic.elementwise import ELEMENTWISE
from gradatim.compiler.lower.text.types import constant
from gradatim.compiler.machine.target import Target, host
from gradatim.core.primitive import REGISTRY
from tests.compiler.lower.vectors import PLAIN, Vectors, in_last_places, needs_long

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
FLOATS = ("float32", "float64")
INTEGERS = ("int64", "int32", "uint8")
DTYPES = (*FLOATS, *INTEGERS, "bool")

SAME_BITS = (
    "neg", "add", "sub", "mul", "square", "abs", "sign", "floor_divide", "trunc_divide",
    "remainder", "floor", "ceil", "trunc", "maximum", "minimum", "clamp_min", "clamp_max", "relu",
    "where", "copy", "eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or",
    "logical_xor", "logical_not", "isnan", "isinf",
)  # fmt: skip
ON_BITS = ("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not")
OF_FLOATS = (
    "div", "reciprocal", "round", "exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tanh",
    "sigmoid", "pow",
)  # fmt: skip
# What has no meaning for truths in NumPy, or gives another dtype than theirs
NOT_OF_TRUTHS = (
    "neg", "sub", "square", "sign", "floor_divide", "trunc_divide", "remainder", "relu",
)  # fmt: skip

FLOAT_ENDS = [0.0, -0.0, 1, -1, np.inf, -np.inf, np.nan, 0.5, -0.5, 1.5, 2.5, -2.5, 300, -300]
FLOAT_ENDS += [3e9, -3e9, 1e19, -1e19, 2.0**31, -(2.0**31), -(2.0**31) - 1, 1e-40, 1e30]


def numbers(dtype, seed, n=1_000):
    """Ordinary numbers and the ends of the dtype, in every combination that chance gives."""
    rng, d = np.random.default_rng(seed), np.dtype(dtype)
    if d.kind == "b":
        return rng.random(n) < 0.5
    if d.kind == "f":
        return rng.choice(np.append(FLOAT_ENDS, rng.normal(size=60) * 10).astype(d), n)
    info = np.iinfo(d)
    ends = np.array([info.min, info.max, info.min + 1, info.max - 1, 0, 1, 2, 3], d)
    near = rng.integers(-10 if d.kind == "i" else 0, 10, 40).astype(d)
    return rng.choice(np.concatenate([ends, near, rng.integers(info.min, info.max, 20, d)]), n)


def inputs(name, dtype):
    dtypes = ["bool", dtype, dtype] if name == "where" else [dtype] * len(REGISTRY[name].inputs)
    return [numbers(d, seed) for seed, d in enumerate(dtypes)]


def native(name, arrays, width, target=None, **params):
    """The rule's numbers; its result has the dtype that the primitive's shape rule says."""
    types = [SimpleNamespace(shape=x.shape, dtype=x.dtype) for x in arrays]
    out = REGISTRY[name].shape(*types, **params).dtype
    renamed = {"to" if key == "dtype" else key: value for key, value in params.items()}

    def write(f, *values):
        return ELEMENTWISE[name](f, *values, dtype=arrays[0].dtype, **renamed)

    dtypes = [x.dtype for x in arrays]
    return Vectors(write, *dtypes, out=out, width=width, target=target)(*arrays)


def assert_same(found, expected):
    np.testing.assert_array_equal(found, expected)
    if found.dtype.kind == "f":
        known = ~np.isnan(expected)
        np.testing.assert_array_equal(np.signbit(found)[known], np.signbit(expected)[known])


def test_every_elementwise_primitive_has_a_rule():
    assert NAMES | {"tanh_back", "clamp_min", "clamp_max"} <= set(ELEMENTWISE)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [(n, d) for n in SAME_BITS for d in DTYPES if d != "bool" or n not in NOT_OF_TRUTHS],
)
def test_exact_operations_give_the_bits_of_numpy(name, dtype):
    arrays = inputs(name, dtype)
    for width in (1, 16) if dtype in ("float32", "int64") else (16,):
        assert_same(native(name, arrays, width), REGISTRY[name].value(*arrays))


@pytest.mark.parametrize("dtype", [*INTEGERS, "bool"])
@pytest.mark.parametrize("name", ON_BITS)
def test_operations_on_bits_give_the_bits_of_numpy(name, dtype):
    arrays = inputs(name, dtype)
    assert_same(native(name, arrays, 8), REGISTRY[name].value(*arrays))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", OF_FLOATS)
def test_functions_of_floats_give_the_numbers_of_numpy(name, dtype):
    arrays = inputs(name, dtype)
    found, expected = native(name, arrays, 8), REGISTRY[name].value(*arrays)
    np.testing.assert_allclose(found, expected, rtol=4 * np.finfo(dtype).eps, atol=0)


@pytest.mark.skipif(not host().has_fma, reason="without fused steps it is rounded as in NumPy")
@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=needs_long)])
def test_the_gradient_of_tanh_is_exact_to_two_units(dtype):
    """Where |out| is near 1 it is better than in NumPy, which rounds out² before 1 - out²."""
    g, out = np.random.default_rng(9).uniform(-1, 1, (2, 4_000)).astype(dtype)
    exact = REGISTRY["tanh_back"].value(g.astype(np.longdouble), out.astype(np.longdouble))
    assert in_last_places(native("tanh_back", [g, out], 8), exact).max() <= 2


@pytest.mark.parametrize("to", DTYPES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_casts_give_the_bits_of_numpy_on_x86(dtype, to):
    x = numbers(dtype, seed=5)
    if np.dtype(dtype).kind == "f" and np.dtype(to).kind in "iu" and not host().is_x86:
        x = np.clip(np.nan_to_num(x), 0, 100)  # out of range other machines answer differently
    assert_same(native("cast", [x], 16, dtype=np.dtype(to)), x.astype(to))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_powers_of_integers_wrap_around(dtype):
    x = numbers(dtype, seed=6)
    y = np.random.default_rng(7).integers(0, 70, x.size).astype(dtype)
    for width in (1, 8):
        assert_same(native("pow", [x, y], width), np.power(x, y))


def test_negative_powers_of_integers_leave_zero_but_of_one_and_minus_one():
    x, y = np.array([1, -1, -1, 2, 0, -5]), np.array([-3, -3, -2, -1, -1, -2])
    assert native("pow", [x, y], 2).tolist() == [1, -1, 1, 0, 0, 0]


@pytest.mark.parametrize("exponent", [1, 2, 3])
@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_a_small_power_that_is_known_is_a_product(dtype, exponent):
    def write(f, x):
        n = constant(exponent, x.type)
        return ELEMENTWISE["pow"](f, x, n, dtype=np.dtype(dtype))

    x = np.arange(-8, 8).astype(dtype)
    found = Vectors(write, dtype, out=dtype, width=8)
    assert_same(found(x), x**exponent)
    assert len(re.findall("mul <8 x", found.text())) == exponent - 1


@pytest.mark.parametrize("bound", [0.0, -0.0, 1.5, np.inf, np.nan])
@pytest.mark.parametrize("name", ["maximum", "minimum", "clamp_min", "clamp_max"])
def test_a_bound_that_is_known_lets_nan_through_as_well(name, bound):
    def write(f, x):
        return ELEMENTWISE[name](f, x, constant(bound, x.type), dtype=np.dtype("float32"))

    x = numbers("float32", seed=10)
    found = Vectors(write, "float32", out="float32", width=16)(x)
    assert_same(found, REGISTRY[name].value(x, np.full_like(x, bound)))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_an_instruction_for_the_larger_of_two_lets_nan_through(name, dtype, monkeypatch):
    monkeypatch.setattr(Target, "has_extremes", True)
    x, y = inputs(name, dtype)
    found = native(name, [x, y], 16)
    np.testing.assert_array_equal(found, REGISTRY[name].value(x, y))
    zeros = (x == 0) & (y == 0)
    both, either = np.signbit(x) & np.signbit(y), np.signbit(x) | np.signbit(y)
    assert zeros.any()
    assert_same(np.signbit(found)[zeros], (both if name == "maximum" else either)[zeros])


@pytest.mark.parametrize("dtype", FLOATS)
def test_remainders_are_exact_however_long_the_quotient(dtype):
    rng = np.random.default_rng(8)
    bits = {"float32": np.uint32, "float64": np.uint64}[dtype]
    x, y = (rng.integers(0, np.iinfo(bits).max, 4_000, bits).view(dtype) for _ in range(2))
    for name in ("remainder", "floor_divide"):
        assert_same(native(name, [x, y], 8), REGISTRY[name].value(x, y))


@pytest.mark.skipif(not host().is_x86, reason="the plain machine is an x86")
@pytest.mark.parametrize("name", ["floor", "ceil", "trunc", "round", "floor_divide", "remainder"])
def test_rounding_and_remainders_need_no_instructions_for_them(name):
    for dtype in FLOATS:
        arrays = inputs(name, dtype)
        assert_same(native(name, arrays, 4, PLAIN), REGISTRY[name].value(*arrays))


def test_a_function_of_floats_refuses_integers():
    with pytest.raises(TypeError, match="exp is a function of floats, got int64"):
        native("exp", [np.arange(4)], 4)


def test_arithmetic_without_meaning_for_truths_is_refused():
    with pytest.raises(TypeError, match="sub of truth values has no meaning"):
        native("sub", [np.array([True]), np.array([False])], 1)
