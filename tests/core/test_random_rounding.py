"""Sums of a product and a number, rounded once."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gradatim.core.random.rounding import fma32, fma64

reals = st.floats(-1e6, 1e6, allow_subnormal=False).filter(lambda x: x == 0 or abs(x) > 1e-6)
singles = st.floats(-1e6, 1e6, width=32).filter(lambda x: x == 0 or abs(x) > 1e-6)


@given(st.lists(reals, min_size=1, max_size=5), reals, reals)
def test_fma64_is_the_exact_result_rounded_once(a, b, c):
    fused = fma64(np.array(a), b, c)
    assert fused.tolist() == [float(Fraction(x) * Fraction(b) + Fraction(c)) for x in a]


@given(singles, singles, singles)
def test_fma32_is_the_exact_result_rounded_once(a, b, c):
    fused = fma32(np.array([a], np.float32), b, c).item()
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    below, above = (np.nextafter(np.float32(fused), np.float32(to)) for to in (-np.inf, np.inf))
    error = abs(Fraction(fused) - exact)
    assert all(error <= abs(Fraction(float(other)) - exact) for other in (below, above))


def test_fma32_is_right_where_rounding_twice_is_not():
    # Each sum is a little off the middle between two float32 numbers, by less than float64 sees.
    over = fma32(np.array([2**-24 * (1 + 2**-11)], np.float32), 1 - 2**-11 + 2**-22, 1.0)
    assert over.item() == 1 + 2**-23
    under = fma32(np.array([2**-24 * (1 + 2**-18)], np.float32), 1 - 2**-18, 1 + 2**-23)
    assert under.item() == 1 + 2**-23


def test_fma64_is_right_where_the_last_bits_decide():
    # The product is 2^-113 short of half the last place of c, which is odd.
    fused = fma64(np.array([2**-53 * (1 + 2**-30)]), 1 - 2**-30, 1 + 2**-52)
    assert fused.item() == 1 + 2**-52
