"""A module called with other tensors than its own."""

import pytest

import gradatim as g
from gradatim import nn
from gradatim.func import functional_call


def network():
    g.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 1))


X = g.tensor([[1.0, 2.0, 3.0], [0.5, -1.0, 2.0], [0.0, 1.0, 0.0]])


def test_other_tensors_take_the_places_and_go_again():
    net = network()
    was = dict(net.named_parameters())
    zeros = {name: g.zeros_like(p) for name, p in was.items()}
    assert not functional_call(net, zeros, (X,)).any()
    assert all(now is was[name] for name, now in net.named_parameters())
    assert g.equal(functional_call(net, {}, X), network()(X))


def test_gradients_go_to_what_was_given():
    net = network()
    given = {name: p.detach().clone().requires_grad_() for name, p in net.named_parameters()}
    functional_call(net, given, X).sum().backward()
    assert all(p.grad is None for p in net.parameters())
    net.zero_grad()
    network_again = network()
    network_again(X).sum().backward()
    for name, p in network_again.named_parameters():
        assert g.allclose(given[name].grad, p.grad)


def test_buffers_that_are_given_are_written():
    net = network()
    mean = g.zeros(4)
    functional_call(net, [dict(net.named_parameters()), {"1.running_mean": mean}], X)
    assert mean.any()
    assert not net[1].running_mean.any()


def test_tied_weights_stay_tied_unless_told():
    net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    net[1].weight = net[0].weight
    x = g.ones(1, 2)
    given = {"0.weight": g.eye(2) * 3}
    assert functional_call(net, given, x).tolist() == [[9.0, 9.0]]
    assert g.equal(functional_call(net, given, x, strict=True), functional_call(net, given, x))
    alone = functional_call(net, given, x, tie_weights=False)
    assert g.allclose(alone, 3 * net[1](x))


def test_names_are_checked_and_errors_leave_the_module_as_it_was():
    net = network()
    with pytest.raises(ValueError, match=r"Sequential has no \['0.wait'\]; it has \['0.weight'"):
        functional_call(net, {"0.wait": X}, X)
    with pytest.raises(ValueError, match=r"strict, but without \['0.bias', '1.weight'"):
        functional_call(net, {"0.weight": g.zeros(4, 3)}, X, strict=True)
    with pytest.raises(ValueError, match=r"\['0.bias'\] are in several of the dictionaries"):
        functional_call(net, [{"0.bias": g.zeros(4)}, {"0.bias": g.ones(4)}], X)
    with pytest.raises(TypeError, match="expects a tensor as 0.bias, got float"):
        functional_call(net, {"0.weight": g.zeros(4, 3), "0.bias": 1.0}, X)
    with pytest.raises(RuntimeError):
        functional_call(net, {"0.weight": g.zeros(4, 7)}, X)
    assert net[0].weight.shape == (4, 3)


def test_a_step_of_training_inside_of_another_compiles():
    net = nn.Linear(3, 1)

    def step():
        inner = dict(net.named_parameters())
        loss = functional_call(net, inner, X).square().mean()
        slopes = g.autograd.grad(loss, inner.values(), create_graph=True)
        fast = {n: p - 0.1 * s for (n, p), s in zip(inner.items(), slopes, strict=True)}
        outer = functional_call(net, fast, X).square().mean()
        return outer, g.autograd.grad(outer, [net.weight])[0]

    for plain, compiled in zip(step(), g.compile(step)(), strict=True):
        assert g.allclose(plain, compiled, rtol=1e-5)


def test_a_name_that_the_module_does_not_have_is_refused():
    with pytest.raises(ValueError, match="Linear has no .'nosuch'.; it has .'weight', 'bias'"):
        functional_call(nn.Linear(2, 1), {"nosuch": g.zeros(1)}, g.ones(2))
