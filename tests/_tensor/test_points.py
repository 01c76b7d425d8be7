"""Grids of points, distances between points, and what is refused."""

import numpy as np
import pytest

import gradatim as g
from gradatim.autograd import gradcheck
from gradatim.core.errors import ArgumentError, DTypeError, ShapeError


@pytest.mark.parametrize("indexing", ["ij", "xy"])
def test_grids_are_numpys(indexing):
    axes = [np.arange(2.0), np.arange(3.0), np.arange(4.0)]
    ours = g.meshgrid(*map(g.tensor, axes), indexing=indexing)
    for mine, theirs in zip(ours, np.meshgrid(*axes, indexing=indexing), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_grid_is_a_list_of_points_for_a_network():
    x, y = g.meshgrid(g.linspace(-1, 1, 3), g.linspace(0, 1, 2), indexing="xy")
    points = g.stack([x.ravel(), y.ravel()], 1)
    assert points.tolist() == [[-1, 0], [0, 0], [1, 0], [-1, 1], [0, 1], [1, 1]]


def test_distances_and_their_gradients():
    x, y = g.randn(2, 3, 4, dtype=g.float64), g.randn(5, 4, dtype=g.float64)
    found = g.cdist(x, y)
    np.testing.assert_allclose(found[1, 2, 3], np.linalg.norm(x[1, 2] - y[3]), rtol=1e-12)
    x.requires_grad_(), y.requires_grad_()
    for p in (1.0, 2.0, 3.0):
        assert gradcheck(lambda x, y, p=p: g.cdist(x, y, p), [x, y])


def test_a_point_is_at_distance_0_from_itself_with_a_gradient_of_0():
    x = g.ones(1, 2, requires_grad=True)
    g.cdist(x, x).sum().backward()
    assert x.grad.tolist() == [[0, 0]]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: g.meshgrid(g.zeros(2, 2)), ShapeError, r"tensor 0 has shape \[2, 2\]; an axis"),
        (lambda: g.meshgrid(g.zeros(2), indexing="yx"), ArgumentError, '"ij" or "xy", got \'yx\''),
        (lambda: g.meshgrid(g.zeros(2), g.arange(2)), DTypeError, "tensor 1 is gradatim.int64"),
        (lambda: g.meshgrid(), ArgumentError, "expects at least one tensor"),
        (lambda: g.cdist(g.zeros(2), g.zeros(2, 2)), ShapeError, r"rows of points, .* shape \[2\]"),
        (lambda: g.cdist(g.zeros(2, 2), g.zeros(2, 3)), ShapeError, "have 2 and 3 coordinates"),
        (lambda: g.cdist(g.zeros(2, 2), g.zeros(2, 2), -1), ArgumentError, "0 or more, got -1"),
        (lambda: g.cdist(g.arange(4).view(2, 2), g.zeros(2, 2)), DTypeError, "needs a floating"),
        (
            lambda: g.zeros(3).addmm(g.zeros(2, 2), g.zeros(2, 2)),
            ShapeError,
            "addmm: shapes .* do not broadcast",
        ),
    ],
)
def test_what_does_not_fit_says_what_and_where(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_many_distances_in_single_precision_are_as_exact_as_their_differences(offset):
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(2, 40, 30)) + offset).astype(np.float32)
    y = np.concatenate([x[:, 5:20] * np.float32(1 + 1e-4), x[:, :5]], 1)
    exact = np.linalg.norm(x[:, :, None].astype(float) - y[:, None].astype(float), axis=-1)
    a, b = g.from_numpy(x).requires_grad_(), g.from_numpy(y).requires_grad_()
    found = g.cdist(a, b)
    np.testing.assert_allclose(found.detach().numpy(), exact, rtol=1e-6)
    assert found[:, range(5), range(15, 20)].abs().max() == 0  # these points are the same
    found.sum().backward()
    safe = np.where(exact == 0, np.inf, exact)
    slopes = (x[:, :, None].astype(float) - y[:, None]) / safe[..., None]
    np.testing.assert_allclose(a.grad.numpy(), slopes.sum(2), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(b.grad.numpy(), -slopes.sum(1), rtol=1e-4, atol=1e-4)


def test_an_infinite_point_is_infinitely_far_from_many():
    x = g.zeros(60, 3)
    x[7] = g.inf
    found = g.cdist(x, g.zeros(60, 3))
    assert found[7].isinf().all()
    assert found[8].eq(0).all()
