"""The error function and what is made of it, against the C library, in units of the last place."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gradatim
from gradatim.nn import functional as F


def places() -> np.ndarray:
    """Over the whole range where erf changes, across its edges, and tiny numbers."""
    tiny = np.exp(np.linspace(-90, 2, 4001))
    return np.concatenate([np.linspace(-6.5, 6.5, 40001), tiny, -tiny])


@pytest.mark.parametrize(("dtype", "units"), [("float32", 1.5), ("float64", 1.05)])
def test_erf_is_exact_to_a_unit_and_a_half(dtype: str, units: float) -> None:
    x = places().astype(dtype)
    exact = np.array([math.erf(v) for v in x.tolist()])
    found = gradatim.from_numpy(x).erf().numpy()
    assert found.dtype == dtype
    off = np.abs(found.astype(np.float64) - exact) / np.spacing(np.abs(exact.astype(dtype)))
    assert off.max() <= units


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_erf_ends_where_it_should(dtype: str) -> None:
    ends = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 40.0, -1e30], dtype)
    found = gradatim.from_numpy(ends).erf().numpy()
    np.testing.assert_array_equal(found, np.array([0, -0.0, 1, -1, np.nan, 1, -1], dtype))
    np.testing.assert_array_equal(np.signbit(found[:2]), [False, True])


def test_gelu_in_float32_is_as_exact_as_one_plus_erf() -> None:
    x = np.linspace(-12, 12, 40001).astype(np.float32)
    exact = np.array([v * 0.5 * math.erfc(-v * math.sqrt(0.5)) for v in x.tolist()])
    off = np.abs(F.gelu(gradatim.from_numpy(x)).numpy() - exact)
    assert (off <= 2e-7 * np.maximum(np.abs(x), 1)).all()


def test_long_arrays_are_handled_in_pieces_with_the_same_numbers() -> None:
    x = np.random.default_rng(0).normal(size=200_001).astype(np.float32)
    for f in (gradatim.erf, F.gelu, F.silu, F.mish):
        whole = f(gradatim.from_numpy(x)).numpy()
        parts = [f(gradatim.from_numpy(part.copy())).numpy() for part in np.array_split(x, 7)]
        np.testing.assert_allclose(whole, np.concatenate(parts), rtol=3e-7, atol=1e-37)


def test_erf_of_integers_is_a_float_and_in_place_stays_one() -> None:
    assert gradatim.erf(gradatim.tensor([0, 1])).dtype == gradatim.float32
    x = gradatim.tensor([0.5])
    assert x.erf_() is x
    assert x.item() == pytest.approx(math.erf(0.5))
