import copy
import pickle

import numpy as np
import pytest

import gradatim
from gradatim import nn


class Net(nn.Module):
    """Two layers that share a bias, a buffer that is saved and one that is not."""

    def __init__(self):
        super().__init__()
        self.a = nn.Linear(2, 3)
        self.b = nn.Linear(3, 3)
        self.b.bias = self.a.bias
        self.scale = nn.Parameter(gradatim.ones(1))
        self.register_buffer("count", gradatim.zeros(1))
        self.register_buffer("cache", gradatim.zeros(2), persistent=False)
        self.note = "plain"

    def forward(self, x, *, extra=0.0):
        return self.b(self.a(x).tanh()) * self.scale + extra


def names(pairs):
    return [name for name, _ in pairs]


def test_parameters_come_in_order_and_shared_ones_once():
    net = Net()
    assert names(net.named_parameters()) == ["scale", "a.weight", "a.bias", "b.weight"]
    assert len(list(net.parameters())) == 4
    twice = names(net.named_parameters(remove_duplicate=False))
    assert twice == ["scale", "a.weight", "a.bias", "b.weight", "b.bias"]
    assert names(net.named_parameters(recurse=False)) == ["scale"]
    assert names(net.named_buffers()) == ["count", "cache"]
    assert names(net.named_children()) == ["a", "b"]
    assert names(net.named_modules()) == ["", "a", "b"]


def test_a_module_used_twice_is_met_once():
    layer = nn.Linear(2, 2)
    net = nn.Sequential(layer, nn.Tanh(), layer)
    assert names(net.named_modules()) == ["", "0", "1"]
    assert list(net.children()) == [layer, net[1]]
    assert len(list(net.parameters())) == 2


def test_assigning_changes_what_a_name_means():
    net = Net()
    net.note = nn.Parameter(gradatim.zeros(1))
    assert "note" in names(net.named_parameters())
    net.note = None  # the name stays a parameter's
    assert net.note is None
    assert "note" not in names(net.named_parameters())
    net.a = None
    assert net.a is None
    net.count = gradatim.ones(1)  # a buffer stays a buffer
    assert "count" in net.state_dict()
    net.count = nn.Parameter(gradatim.ones(1))
    assert names(net.named_buffers()) == ["cache"]
    del net.scale
    assert not hasattr(net, "scale")
    with pytest.raises(AttributeError):
        del net.scale


def test_members_need_the_base_class_to_be_initialised_first():
    class Forgetful(nn.Module):
        def __init__(self, value):
            self.x = value

    with pytest.raises(AttributeError, match="cannot assign parameters before Module.__init__"):
        Forgetful(nn.Parameter(gradatim.zeros(1)))
    with pytest.raises(AttributeError, match="cannot assign module before Module.__init__"):
        Forgetful(nn.Tanh())


def test_a_tensor_made_by_an_operation_is_no_parameter():
    x = nn.Parameter(gradatim.ones(1))
    made = x * 2
    made.__class__ = nn.Parameter
    with pytest.raises(ValueError, match="Cannot assign non-leaf Tensor to parameter 'y'"):
        nn.Module().register_parameter("y", made)


def test_members_can_be_listed_and_found_by_path():
    net = Net()
    assert {"a", "scale", "count", "forward"} <= set(dir(net))
    assert net.get_submodule("") is net
    assert net.get_parameter("a.weight") is net.a.weight
    assert net.get_buffer("cache") is net.cache
    with pytest.raises(AttributeError, match="`scale` is not a buffer"):
        net.get_buffer("scale")


def test_apply_train_and_eval_reach_every_module():
    net, seen = Net(), []
    assert net.apply(seen.append) is net
    assert seen == [net.a, net.b, net]
    assert net.training
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    net.train()
    assert all(m.training for m in net.modules())


def test_gradients_are_forgotten_or_filled_with_zeros():
    net = Net()
    net(gradatim.ones(4, 2)).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad(set_to_none=False)
    assert all((p.grad == 0).all() for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_frozen_parameters_collect_no_gradient():
    net = Net()
    net.a.requires_grad_(False)
    net(gradatim.ones(4, 2)).sum().backward()
    assert net.a.weight.grad is None
    assert net.b.weight.grad is not None


def test_dtypes_change_in_place_and_optimisers_keep_their_parameters():
    net = Net()
    weight = net.a.weight
    net(gradatim.ones(4, 2)).sum().backward()
    assert net.double() is net
    assert net.a.weight is weight
    assert {p.dtype for p in net.parameters()} == {gradatim.float64}
    assert weight.grad.dtype == gradatim.float64
    assert net.count.dtype == gradatim.float64
    assert net(gradatim.ones(1, 2, dtype=gradatim.float64)).dtype == gradatim.float64
    assert net.float().a.weight.dtype == gradatim.float32
    assert net.cpu().cuda() is net
    assert net.to("cpu").to(gradatim.float64).scale.dtype == gradatim.float64


def test_integer_buffers_keep_their_dtype():
    net = nn.Module()
    net.register_buffer("steps", gradatim.tensor(3))
    assert net.double().steps.dtype == gradatim.int64


def test_a_copy_has_memory_of_its_own_and_the_same_sharing():
    net = Net()
    twin = copy.deepcopy(net)
    assert twin.b.bias is twin.a.bias
    assert twin.a.weight is not net.a.weight
    x = gradatim.ones(1, 2)
    np.testing.assert_array_equal(twin(x).detach().numpy(), net(x).detach().numpy())
    with gradatim.no_grad():
        twin.a.weight.zero_()
    assert (net.a.weight != 0).any()


def test_parameters_survive_copies_and_pickling():
    p = nn.Parameter(gradatim.tensor([1.0, 2.0]))
    (p * p).sum().backward()
    for twin in (copy.deepcopy(p), pickle.loads(pickle.dumps(p))):
        assert isinstance(twin, nn.Parameter)
        assert twin.requires_grad
        assert twin.tolist() == [1.0, 2.0]
    assert copy.deepcopy(p).grad.tolist() == [2.0, 4.0]
    with pytest.raises(ValueError, match="Parameter: expects a tensor, got list"):
        nn.Parameter([1.0])


def test_a_parameter_shares_the_memory_it_was_made_of():
    x = gradatim.zeros(2)
    p = nn.Parameter(x)
    with gradatim.no_grad():
        p += 1
    assert x.tolist() == [1.0, 1.0]
    assert not x.requires_grad
    assert nn.Parameter(x, requires_grad=False).requires_grad is False


def test_results_of_operations_are_tensors_not_parameters():
    p = nn.Parameter(gradatim.ones(2))
    for x in (p * 2, p.detach(), p[0], p.data):
        assert not isinstance(x, nn.Parameter)
        assert isinstance(x, gradatim.Tensor)


def test_arguments_reach_forward():
    net = Net()
    x = gradatim.ones(1, 2)
    assert (net(x, extra=1.0) - net(x)).flatten().tolist() == pytest.approx([1.0, 1.0, 1.0])


@pytest.mark.parametrize("wanted", [gradatim.int64, gradatim.bool])
def test_a_module_goes_to_no_dtype_without_gradients(wanted):
    layer = nn.Linear(2, 1)
    with pytest.raises(TypeError, match=r"parameters need a floating dtype"):
        layer.to(wanted)
    with pytest.raises(TypeError, match=r"use float32 or float64"):
        layer.to("cpu", dtype=wanted)
    assert layer.weight.dtype == gradatim.float32
