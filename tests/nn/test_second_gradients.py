"""Second gradients where functions have kinks and where numbers are huge, as PyTorch's."""

import pytest

import gradatim as g
from gradatim import nn
from gradatim.nn import functional as F

STRAIGHT = {
    "relu": nn.ReLU(),
    "leaky_relu": nn.LeakyReLU(),
    "prelu": nn.PReLU(),
    "relu6": nn.ReLU6(),
    "hardtanh": nn.Hardtanh(),
    "hardsigmoid": nn.Hardsigmoid(),
    "hardshrink": nn.Hardshrink(),
    "softshrink": nn.Softshrink(),
    "threshold": nn.Threshold(0.1, 20.0),
}


def second_gradient(f, x):
    (first,) = g.autograd.grad(f(x).sum(), x, create_graph=True)
    return g.autograd.grad(first.sum(), x)[0]


@pytest.mark.parametrize("name", STRAIGHT)
def test_the_second_gradient_of_straight_lines_is_zeros_and_not_none(name):
    x = g.linspace(-2, 2, 6).requires_grad_()
    assert second_gradient(STRAIGHT[name], x).tolist() == [0.0] * 6


@pytest.mark.parametrize("name", STRAIGHT)
def test_a_network_with_corners_has_a_second_gradient_by_its_input(name):
    model = nn.Sequential(nn.Linear(3, 4), STRAIGHT[name], nn.Linear(4, 1))
    x = g.linspace(-2, 2, 6).reshape(2, 3).requires_grad_()
    assert second_gradient(model, x).tolist() == [[0.0] * 3] * 2


def test_a_gradient_penalty_trains_a_network_of_relus():
    g.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    x = g.randn(5, 3, requires_grad=True)
    (slope,) = g.autograd.grad(model(x).sum(), x, create_graph=True)
    ((slope.norm(dim=1) - 1) ** 2).mean().backward()
    assert x.grad.tolist() == [[0.0] * 3] * 5
    assert model[0].weight.grad.any()


def test_a_compiled_second_gradient_of_relus_is_zeros():
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    found = g.compile(lambda x: second_gradient(model, x))(g.randn(2, 3, requires_grad=True))
    assert found.tolist() == [[0.0] * 3] * 2


def test_what_has_a_constant_gradient_has_no_second_one():
    x = g.ones(3, requires_grad=True)
    for f in (lambda x: 2 * x, lambda x: x.clamp(-1, 2), lambda x: x.max()):
        with pytest.raises(RuntimeError, match=r"constant, like the gradient of a linear function"):
            second_gradient(f, x)
    with pytest.raises(RuntimeError, match="do not depend on input 0; pass allow_unused=True"):
        second_gradient(nn.Linear(3, 4), x)


@pytest.mark.parametrize("f", [F.elu, lambda x: F.elu(x, 2.0), F.celu, F.selu])
def test_the_slope_of_an_elu_is_constant_at_0(f):
    x = g.tensor([0.0, -0.0, 1e-30, float("nan")], requires_grad=True)
    assert second_gradient(f, x).tolist()[:3] == [0.0] * 3


@pytest.mark.parametrize("size", [1e5, 1e10, 1e13, 1e18])
def test_gelu_is_straight_far_out(size):
    x = g.tensor([size, -size], requires_grad=True)
    for approximate in ("none", "tanh"):
        found = second_gradient(lambda x, kind=approximate: F.gelu(x, approximate=kind), x)
        assert found.tolist() == [0.0, 0.0]
