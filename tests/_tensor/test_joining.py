"""`cat` by its other names, and joining side by side or below one another."""

import numpy as np
import pytest

import gradatim as g


@pytest.mark.parametrize("shapes", [[(), ()], [(2,), (3,)], [(2, 1), (2, 3)], [(2, 1, 4)] * 2])
def test_hstack_is_numpys(shapes):
    arrays = [np.arange(np.prod(s, dtype=int), dtype=np.float32).reshape(s) for s in shapes]
    joined = g.hstack([g.tensor(a) for a in arrays])
    assert np.array_equal(joined.numpy(), np.hstack(arrays))


@pytest.mark.parametrize("shapes", [[()], [(), ()], [(2,), (2,)], [(2,), (3, 2)], [(1, 2, 3)] * 2])
def test_vstack_is_numpys(shapes):
    arrays = [np.arange(np.prod(s, dtype=int), dtype=np.float32).reshape(s) for s in shapes]
    joined = g.vstack([g.tensor(a) for a in arrays])
    assert np.array_equal(joined.numpy(), np.vstack(arrays))


def test_gradients_go_back_to_the_parts():
    x, y = g.ones(2, requires_grad=True), g.ones(3, 2, requires_grad=True)
    (g.vstack([x, y]) * g.arange(8.0).reshape(4, 2)).sum().backward()
    assert x.grad.tolist() == [0, 1]
    assert y.grad.tolist() == [[2, 3], [4, 5], [6, 7]]


def test_cat_has_three_names():
    for join in (g.concat, g.concatenate):
        assert join([g.zeros(1, 2), g.ones(1, 2)], dim=1).tolist() == [[0, 0, 1, 1]]


@pytest.mark.parametrize("join", [g.hstack, g.vstack])
def test_what_cannot_be_joined(join):
    with pytest.raises(TypeError, match=f"{join.__name__}: expects a list or tuple of tensors"):
        join(g.zeros(2))
    with pytest.raises(RuntimeError, match="all sizes but that of dimension"):
        join([g.zeros(2, 3), g.zeros(3, 2)])


def test_gradients_go_through_new_dimensions():
    x = g.tensor([1.0, 2.0], requires_grad=True)
    (g.atleast_3d(x) * g.tensor([3.0, 4.0]).reshape(1, 2, 1)).sum().backward()
    assert x.grad.tolist() == [3, 4]
