"""Whoever computes something else is named."""

import numpy as np
import pytest

from benchmarks.agreement import compare, reference
from benchmarks.workloads import WORKLOADS

LOSSES = np.array([4.0, 2.0, 1.0])


def test_sides_that_agree():
    found = compare({"a": LOSSES, "b": LOSSES * (1 + 1e-6), "c": LOSSES}, 1e-4)
    assert found["differ"] == []
    assert found["apart"]["b"] == pytest.approx(1e-6, rel=1e-3)


def test_the_one_that_differs_is_named_not_the_others():
    found = compare({"a": LOSSES, "b": LOSSES + 0.1, "c": LOSSES}, 1e-4)
    assert found["differ"] == ["b"]


def test_nan_differs():
    assert compare({"a": LOSSES, "b": LOSSES * np.nan}, 1e-4, LOSSES)["differ"] == ["b"]


def test_results_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match=r"different shapes: \[\(2,\), \(3,\)\]"):
        compare({"a": LOSSES, "b": LOSSES[:2]}, 1e-4)


@pytest.mark.parametrize("form", ["", "-tn", "-nt"])
def test_products_are_compared_with_float64(form):
    workload = WORKLOADS[f"product-512x128x768{form}"]
    expected = reference(workload, workload.arrays())
    assert expected.shape == (512, 768)
    assert expected.dtype == np.float64
