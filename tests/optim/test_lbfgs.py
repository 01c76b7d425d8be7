"""L-BFGS beyond PyTorch's trajectories: going on from a state, compiled closures, no gradients."""

import pytest

import gradatim as g
from gradatim import nn, optim
from gradatim.nn import functional as F


def data():
    g.manual_seed(1)
    x = g.randn(40, 3)
    return x, (x @ g.tensor([1.0, -2.0, 0.5]) > 0).float()


def closure_of(optimizer, net, x, y):
    def closure():
        optimizer.zero_grad()
        loss = F.binary_cross_entropy_with_logits(net(x).squeeze(1), y)
        loss = loss + 0.01 * sum(p.square().sum() for p in net.parameters())
        loss.backward()
        return loss

    return closure


def made(**settings):
    g.manual_seed(2)
    net = nn.Linear(3, 1)
    return net, optim.LBFGS(net.parameters(), line_search_fn="strong_wolfe", **settings)


@pytest.mark.parametrize("run", [lambda f: f, g.compile], ids=["eager", "compiled"])
def test_it_finds_where_the_gradient_is_zero(run):
    net, optimizer = made()
    closure = run(closure_of(optimizer, net, *data()))
    for _ in range(3):
        optimizer.step(closure)
    closure()
    assert all(p.grad.abs().max() < 1e-4 for p in net.parameters())


def test_it_goes_on_from_its_state_dict():
    net, optimizer = made(max_iter=3)
    for _ in range(2):
        optimizer.step(closure_of(optimizer, net, *data()))
    other, second = made(max_iter=3)
    other.load_state_dict(net.state_dict())
    second.load_state_dict(optimizer.state_dict())
    for n, o in ((net, optimizer), (other, second)):
        o.step(closure_of(o, n, *data()))
    assert g.equal(net.weight, other.weight)


def test_a_parameter_without_a_gradient_stays():
    net, _ = made()
    idle = g.ones(2, requires_grad=True)
    optimizer = optim.LBFGS([*net.parameters(), idle])
    optimizer.step(closure_of(optimizer, net, *data()))
    assert g.equal(idle, g.ones(2))


REFUSED = {
    'line_search_fn is "strong_wolfe" or None, got ': lambda p: optim.LBFGS(p, line_search_fn="x"),
    "LBFGS doesn't support per-parameter options": lambda p: optim.LBFGS(
        [{"params": p}, {"params": [g.ones(1, requires_grad=True)]}]
    ),
    "needs a closure": lambda p: optim.LBFGS(p).step(),
}


@pytest.mark.parametrize("says", REFUSED)
def test_what_it_refuses(says):
    with pytest.raises((ValueError, TypeError), match=says):
        REFUSED[says]([g.ones(2, requires_grad=True)])
