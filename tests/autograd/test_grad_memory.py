"""Whose memory `.grad` is: its own, and the same one from call to call."""

import numpy as np
import pytest

import gradatim
from gradatim import tensor
from gradatim.core.errors import AutogradError


def leaf(values, dtype=gradatim.float64):
    return tensor(values, dtype=dtype, requires_grad=True)


# -- whose memory .grad is --------------------------------------------------------------------


def seed(*values):
    return tensor(values, dtype=gradatim.float64)


def test_two_leaves_that_get_the_same_gradient_do_not_share_it():
    a, b = leaf([1.0, 2.0]), leaf([1.0, 2.0])
    (a + b).backward(seed(1.0, 1.0))
    a.grad.zero_()
    assert b.grad.tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    "path", [lambda a: a, lambda a: a + 0, lambda a: a.reshape(2), lambda a: a.view(2)[:]]
)
def test_the_seed_is_not_shared(path):
    a, g = leaf([1.0, 2.0]), seed(1.0, 2.0)
    path(a).backward(g)
    a.grad.zero_()
    assert g.tolist() == [1.0, 2.0]


def test_with_create_graph_neither():
    a, b, g = leaf([1.0, 2.0]), leaf([1.0, 2.0]), seed(1.0, 1.0)
    (a + b).backward(g, create_graph=True)
    assert not np.shares_memory(a.grad.numpy(), b.grad.numpy())
    assert not np.shares_memory(a.grad.numpy(), g.numpy())


def test_a_leaf_used_twice_and_another():
    a, b = leaf([1.0, 2.0]), leaf([1.0, 2.0])
    (a + a + b).backward(seed(1.0, 1.0))
    a.grad.zero_()
    assert b.grad.tolist() == [1.0, 1.0]


def test_retained_gradients_are_not_shared():
    a = leaf([1.0, 2.0])
    y = a * 1
    z = y + 1
    y.retain_grad()
    z.retain_grad()
    z.sum().backward()
    y.grad.zero_()
    assert a.grad.tolist() == z.grad.tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.expand(3, 2, 2).sum(),
        lambda x: x.sum(),
        lambda x: x.t().sum(0).sum(),
        lambda x: (x.t() * seed(1.0, 2.0)).sum(),
        lambda x: x[:, 0].sum(),
        lambda x: x.permute(1, 0).reshape(4)[::2].sum(),
    ],
)
def test_grad_is_contiguous_and_can_be_written(f):
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    f(x).backward()
    assert x.grad.is_contiguous()
    x.grad += 1


def test_numpy_views_of_grad_see_what_is_accumulated():
    x = leaf([1.0, 2.0])
    (x * x).sum().backward()
    seen = x.grad.numpy()
    (x * x).sum().backward()
    assert seen.tolist() == [4.0, 8.0]
    (x * x).sum().backward(inputs=[x])
    assert seen.tolist() == [6.0, 12.0]
    x.grad.zero_()
    assert seen.tolist() == [0.0, 0.0]


# -- a result that the tape keeps, and that is written afterwards -----------------------------


@pytest.mark.parametrize("detached", [False, True])
@pytest.mark.parametrize("looked_at", [False, True])
@pytest.mark.parametrize("retain_graph", [False, True])
def test_a_kept_result_that_is_overwritten_is_noticed(detached, looked_at, retain_graph):
    def overwritten(y):
        if detached:
            y.detach_()
        with gradatim.no_grad():
            y += 1
        return pytest.raises(AutogradError, match="overwritten in place")

    x = leaf([0.5])
    y = x.tanh()
    z = y * 1
    if looked_at:
        y.detach()
    with overwritten(y):
        z.backward()
    y = x.tanh()
    if looked_at:
        y.detach()
    (slope,) = gradatim.autograd.grad(y, x, create_graph=True, retain_graph=retain_graph)
    with overwritten(y):
        slope.backward()


def test_a_result_written_as_a_new_tensor_is_not_mistaken_for_the_kept_one():
    x = leaf([0.5])
    y = x.exp()
    y.data = seed(7.0)
    with gradatim.no_grad():
        y += 1
    y.backward()
    assert x.grad.item() == np.exp(0.5)


def test_gradients_of_parts_meet_in_that_of_the_whole():
    x = gradatim.arange(12.0, requires_grad=True)
    h = x * 1
    seen = []
    h.register_hook(lambda g: seen.append(g.clone()))
    a, b, c = h[2:6], h.view(3, 4)[:, 1], h[::2]
    loss = (a * 2).sum() + (b * 3).sum() + h.sum() + (h[5] * 4 + c).sum()
    loss.backward()
    expected = [2.0, 4, 4, 3, 4, 30, 2, 1, 2, 4, 2, 1]
    assert x.grad.tolist() == expected
    assert seen[0].tolist() == expected


PARTS = {
    "side by side": lambda h: h.split([1, 3, 2]),
    "in another order": lambda h: (h[4:], h[:1], h[1:4]),
    "with a gap": lambda h: (h[:2], h[3:]),
    "over each other": lambda h: (h[:4], h[2:], h[1:5], h),
    "single rows": lambda h: h.unbind(),
    "from the end": lambda h: (h[-2:], h[:-2]),
    "columns": lambda h: h.chunk(2, 1),
    "rows and columns": lambda h: (h[:3], h[:, 1:]),
    "columns of some rows": lambda h: (h[1:, :2], h[1:, 2:]),
    "every second": lambda h: (h[::2], h[1::2]),
}


@pytest.mark.parametrize("name", PARTS)
def test_gradients_of_parts_are_those_of_finite_differences(name):
    x = gradatim.linspace(-1, 1, 24, dtype=gradatim.float64).reshape(6, 4).requires_grad_()

    def total(x):
        parts = PARTS[name](x * 1)
        return sum(((i + 2) * part.sin()).sum() for i, part in enumerate(parts))

    assert gradatim.autograd.gradcheck(total, x)
    assert gradatim.autograd.gradgradcheck(total, x)


def test_what_is_repeated_is_no_place_to_add_to():
    x = gradatim.zeros(4, requires_grad=True)
    h = x * 1
    part = h[1:3] * 5
    (h.mean() + part.sum()).backward()
    assert x.grad.tolist() == [0.25, 5.25, 5.25, 0.25]


def test_given_gradients_are_not_written():
    x = gradatim.zeros(4, requires_grad=True)
    h = x * 1
    given = gradatim.ones(4)
    part = gradatim.ones(2)
    gradatim.autograd.backward([h, h[1:3]], [given, part])
    assert x.grad.tolist() == [1, 2, 2, 1]
    assert given.tolist() == [1] * 4
    assert part.tolist() == [1] * 2
