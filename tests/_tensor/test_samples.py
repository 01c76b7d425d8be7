"""Quantiles, differences and combinations: what they refuse, and that compiled steps have them."""

import re

import pytest

import gradatim as g

X = g.tensor([[1.5, -2.0, 0.25], [0.5, 3.0, -1.75]])

REFUSED = {
    "quantile: q must be from 0 to 1, got 2": lambda: X.quantile(2),
    "quantile: q must be a number or a vector of dtype gradatim.float32": lambda: X.quantile(
        g.ones(2, dtype=g.float64)
    ),
    "quantile: interpolation is one of": lambda: X.quantile(0.5, interpolation="cubic"),
    "nanquantile: there are no elements": lambda: g.zeros(0).nanquantile(0.5),
    "diff: n must be 0 or more, got -1": lambda: X.diff(-1),
    "cov: takes (variables, samples) or (samples,), got [1, 2, 3]": lambda: X[None].cov(),
    "rot90: two different dimensions are needed, got (0, 0)": lambda: X.rot90(1, (0, 0)),
    "fliplr: needs 2 dimensions or more, got shape [3]": lambda: X[0].fliplr(),
    "dist: expects a tensor as other, got int": lambda: X.dist(3),
    "tensordot: dimensions [1] of [2, 3] and [0] of [2, 3] must have equal sizes": lambda: (
        g.tensordot(X, X, 1)
    ),
    "combinations: takes a vector, got shape [2, 3]": lambda: g.combinations(X),
    "vander: N must be 0 or more, got -1": lambda: g.vander(X[0], -1),
    "broadcast_shapes: shapes [2] and [3] do not broadcast": lambda: g.broadcast_shapes(2, (3,)),
    "kron: expects a tensor as other, got int": lambda: g.kron(X, 2),
}


@pytest.mark.parametrize("says", REFUSED)
def test_what_is_refused(says):
    with pytest.raises((ValueError, RuntimeError, TypeError), match=re.escape(says)):
        REFUSED[says]()


def test_edges():
    assert X.diff(7).shape == (2, 0)
    assert g.tensor([True, True, False]).diff().tolist() == [False, True]
    assert g.combinations(X[0], 5).shape == (0, 5)
    assert g.vander(X[0], 0).shape == (3, 0)
    assert g.broadcast_shapes((2, 1), 3) == (2, 3)
    assert g.tensor([float("nan")]).nanquantile(0.5).isnan()
    assert X[0].corrcoef().item() == 1.0


def test_compiled_steps_have_them():
    def step(x):
        return x.quantile(0.3, 1), x.diff(), x.cov(), g.kron(x, x), g.tensordot(x, x), x.rot90()

    for plain, compiled in zip(step(X), g.compile(step)(X), strict=True):
        assert g.allclose(plain, compiled, atol=1e-6)


def test_cross_takes_the_first_dimension_of_size_three() -> None:
    x, y = g.eye(3), g.tensor([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0], [6.0, 7.0, 8.0]])
    assert g.equal(g.cross(x, y), g.linalg.cross(x, y, dim=0))
    assert g.equal(g.cross(x, y, 1), g.linalg.cross(x, y))
    with pytest.raises(RuntimeError, match=r"cross: no dimension has size 3, the shape is \[2\]"):
        g.cross(g.ones(2), g.ones(2))


def test_covariances_of_integers_and_areas_of_nothing() -> None:
    assert g.cov(g.tensor([1, 2, 3])).item() == 1.0
    assert g.trapezoid(g.zeros(2, 0)).tolist() == [0.0, 0.0]
