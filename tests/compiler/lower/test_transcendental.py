"""The vector functions against higher precision: over all floats, at their ends, on all widths."""

from __future__ import annotations

import math
import re
from functools import cache

import numpy as np
import pytest

from gradatim.compiler.lower.arithmetic import transcendental as vector_math
from gradatim.compiler.lower.arithmetic.angles import cos, sin
from gradatim.compiler.lower.arithmetic.power import pow_
from gradatim.compiler.machine.target import host
from tests.compiler.lower.vectors import PLAIN, Vectors, in_last_places, needs_long

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
LONG = np.longdouble
needs_x86 = pytest.mark.skipif(not host().is_x86, reason="the plain machine is an x86")


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def erf(x):
    return np.array([math.erf(v) for v in x.tolist()])


# Units of the last place more where each step of a fused one is rounded
MORE = 0 if host().has_fma else 0.5
# name: what is written, the same in NumPy, and how far off it may be, in units of the last place
FUNCTIONS = {
    "exp": (vector_math.exp, np.exp, 1),
    "expm1": (vector_math.expm1, np.expm1, 1.5),
    "log": (vector_math.log, np.log, 1),
    "log1p": (vector_math.log1p, np.log1p, 1.5),
    "sqrt": (vector_math.sqrt, np.sqrt, 0.5),
    "sin": (sin, np.sin, 1),
    "cos": (cos, np.cos, 1),
    "tanh": (vector_math.tanh, np.tanh, 1.5),
    "sigmoid": (vector_math.sigmoid, sigmoid, 2),
    "erf": (vector_math.erf, erf, 1.5),
}
ENDS = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 1e-40, -1e-40, 2.5, -2.5]


@cache
def code(name, dtype, width, target=None):
    return Vectors(FUNCTIONS[name][0], dtype, out=dtype, width=width, target=target)


def all_floats(step):
    """Every step-th bit pattern of float32: both signs, subnormal numbers, inf and nan."""
    return np.arange(0, 2**32, step, dtype=np.uint64).astype(np.uint32).view(np.float32)


def doubles(count, seed=0):
    """Doubles of every size, and more of those near 0, near 1 and near multiples of pi / 2."""
    rng = np.random.default_rng(seed)
    return np.concatenate(
        [
            rng.integers(0, 2**64, count, dtype=np.uint64).view(np.float64),
            rng.uniform(-3, 3, count),
            rng.uniform(-750, 720, count),
            1 + rng.normal(size=count) * 1e-8,
            np.exp(rng.uniform(-40, 5, count)) * rng.choice([-1, 1], count),
            np.rint(rng.uniform(0, 6e4, count)) * (math.pi / 2),
            np.rint(rng.uniform(0, 6e12, count)) * (math.pi / 2),
        ]
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_float32_is_within_two_units_of_the_last_place_everywhere(name):
    _, exact, bound = FUNCTIONS[name]
    x = all_floats(step=9_973 if name != "erf" else 99_991)
    off = in_last_places(code(name, "float32", 16)(x), exact(x.astype(np.float64)))
    assert off.max() <= bound + MORE, x[off.argmax()]


@needs_long
@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name != "erf"])
def test_float64_is_within_two_units_of_the_last_place_everywhere(name):
    _, exact, bound = FUNCTIONS[name]
    x = doubles(20_000)
    off = in_last_places(code(name, "float64", 8)(x), exact(x.astype(LONG)))
    assert off.max() <= bound + MORE, x[off.argmax()]


def test_erf_of_doubles_agrees_with_the_c_library():
    x = np.linspace(-6.5, 6.5, 20_001)
    assert in_last_places(code("erf", "float64", 8)(x), erf(x)).max() <= 2


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_ends_are_as_in_numpy_with_the_sign_of_zero(name, dtype):
    x = np.array(ENDS, dtype)
    found, expected = code(name, dtype, 4)(x), FUNCTIONS[name][1](x).astype(dtype)
    np.testing.assert_allclose(found, expected, rtol=4 * np.finfo(dtype).eps, atol=0)
    known = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(found)[known], np.signbit(expected)[known])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_exp_meets_zero_and_infinity_where_it_rounds_to_them(dtype):
    info = np.finfo(dtype)
    largest = np.log(LONG(info.max)).astype(dtype)
    smallest = (np.log(LONG(info.smallest_subnormal)) - np.log(LONG(2))).astype(dtype)
    around = [
        np.nextafter(e, np.array(to, dtype)) for e in (largest, smallest) for to in (-1e9, 9e9)
    ]
    x = np.array([largest, smallest, *around], dtype)
    exact = np.exp(x.astype(LONG)).astype(dtype)
    assert np.isinf(exact).any()
    assert (exact == 0).any()
    assert in_last_places(code("exp", dtype, 1)(x), exact.astype(LONG)).max() <= 1


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["tanh", "expm1", "log1p", "sin"])
def test_tiny_arguments_come_back_unchanged(name, dtype):
    x = np.finfo(dtype).smallest_subnormal * np.array([1, -1, 3, 1e6, -1e7], dtype)
    np.testing.assert_array_equal(code(name, dtype, 1)(x), x)


def test_sigmoid_keeps_its_smallest_values():
    x = np.array([-80, -88, -95, -103], np.float32)
    off = in_last_places(code("sigmoid", "float32", 4)(x), np.exp(x.astype(np.float64)))
    assert off.max() <= 1


def test_angles_of_any_size_keep_their_digits():
    """The double nearest to a multiple of pi / 2, and floats at the end of their range."""
    x = np.array([6381956970095103 * 2.0**797, 1e22, -1e300, np.finfo(np.float64).max])
    wanted = [  # sin and cos, by arithmetic of 400 digits
        (1.0, -4.687165924254627611e-19),
        (-0.85220084976718880177, 0.52321478539513894550),
        (0.81788191211590859705, -0.57538611195754904669),
        (0.00496195478918406179, -0.99998768942655993746),
    ]
    for name, exact in zip(("sin", "cos"), zip(*wanted, strict=True), strict=True):
        assert in_last_places(code(name, "float64", 4)(x), np.array(exact)).max() <= 1


# -- powers --------------------------------------------------------------------------------


def powers(dtype):
    rng = np.random.default_rng(1)
    ends = np.array([*ENDS, 2, 3, -3, 0.5, 1e38, -7, 2.0**53, 2.0**52 + 1, 1 - 2**-20], dtype)
    n = 4_000
    base, exponent = (v.ravel() for v in np.meshgrid(ends, ends))
    x = [base, np.exp(rng.uniform(-5, 5, n)), np.exp(rng.uniform(-80, 80, n)),
         1 + rng.normal(size=n) * 1e-6, -rng.integers(1, 50, n)]  # fmt: skip
    y = [exponent, rng.uniform(-20, 20, n), rng.uniform(-2, 2, n),
         rng.uniform(-1e8, 1e8, n), rng.integers(-30, 30, n)]  # fmt: skip
    return np.concatenate(x).astype(dtype), np.concatenate(y).astype(dtype)


@needs_long
@pytest.mark.parametrize(("dtype", "width"), [("float32", 16), ("float64", 8), ("float64", 1)])
def test_powers_are_exact_to_a_unit_and_end_as_in_c(dtype, width):
    x, y = powers(dtype)
    exact = np.power(x.astype(LONG), y.astype(LONG))
    found = Vectors(pow_, dtype, dtype, out=dtype, width=width)(x, y)
    assert in_last_places(found, exact).max() <= 1 + MORE
    zero = exact == 0
    np.testing.assert_array_equal(np.signbit(found[zero]), np.signbit(exact[zero]))


# -- any machine ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_width_gives_the_same_bits(name):
    x = all_floats(step=999_983)
    first = code(name, "float32", 16)(x)
    for width in (1, 8):
        np.testing.assert_array_equal(code(name, "float32", width)(x), first)


@needs_x86
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_machine_without_fused_steps_stays_within_two_units(name, dtype):
    x = all_floats(step=99_991).astype(dtype)
    exact = FUNCTIONS[name][1](x.astype(LONG if dtype == "float64" and name != "erf" else float))
    found = code(name, dtype, 4, PLAIN)(x)
    assert in_last_places(found, exact).max() <= 2


@needs_x86
@pytest.mark.parametrize("target", [host(), PLAIN], ids=["host", "plain"])
def test_no_function_calls_the_c_library(target):
    for name in FUNCTIONS:
        text = code(name, "float32", 4, target).assembly()
        called = set(re.findall(r"(?:callq?|movabsq)\s+\$?([A-Za-z_]\w*)", text))
        assert called <= {"reduce_large_angles"}
