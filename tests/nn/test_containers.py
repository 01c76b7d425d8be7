import pytest

import gradatim
from gradatim import nn


def test_sequential_is_a_list_of_modules():
    a, b, c = nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)
    net = nn.Sequential(a, b, c)
    assert len(net) == 3
    assert list(net) == [a, b, c]
    assert net[0] is a
    assert net[-1] is c
    assert list(net[1:]) == [b, c]
    assert net(gradatim.ones(4, 2)).shape == (4, 1)
    net[1] = nn.ReLU()
    assert isinstance(net[1], nn.ReLU)
    net.append(nn.Tanh()).extend([nn.Sigmoid()])
    assert list(net.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    del net[0]
    assert [name for name, _ in net.named_children()] == ["0", "1", "2", "3"]
    assert net.pop(0).__class__ is nn.ReLU
    net.insert(0, a)
    assert net[0] is a
    assert [type(m).__name__ for m in net + [b]] == ["Linear", "Linear", "Tanh", "Sigmoid", "Tanh"]


def test_a_named_sequential_keeps_its_names_in_slices():
    net = nn.Sequential({"first": nn.Linear(2, 3), "act": nn.Tanh()})
    assert net.first is net[0]
    assert list(net[:1].state_dict()) == ["first.weight", "first.bias"]


@pytest.mark.parametrize("kind", [nn.Sequential, lambda *m: nn.ModuleList(m)])
def test_an_index_outside_is_refused(kind):
    net = kind(nn.Tanh())
    with pytest.raises(IndexError, match="index 1 is out of range"):
        net[1]
    with pytest.raises(TypeError, match="is not a Module subclass"):
        net.append(3)
    with pytest.raises(TypeError, match="is not a Module subclass"):
        net.insert(0, 3)


def test_module_list_registers_its_modules():
    layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))
    assert len(list(layers.parameters())) == 6
    layers += [nn.Tanh()]
    assert len(layers) == 4
    assert isinstance(layers[1:3], nn.ModuleList)
    del layers[1:]
    assert list(layers.state_dict()) == ["0.weight", "0.bias"]
    with pytest.raises(NotImplementedError, match="missing the required"):
        layers(1)


def test_module_dict_registers_its_modules():
    table = nn.ModuleDict({"a": nn.Linear(2, 2)})
    table["b"] = nn.Tanh()
    assert list(table) == list(table.keys()) == ["a", "b"]
    assert "a" in table
    assert len(table) == 2
    assert [type(m) for m in table.values()] == [nn.Linear, nn.Tanh]
    assert table.pop("b").__class__ is nn.Tanh
    table.update([("c", nn.ReLU())])
    assert [k for k, _ in table.items()] == ["a", "c"]
    del table["c"]
    table.clear()
    assert not list(table.parameters())


def test_parameter_list_makes_parameters_of_tensors():
    ps = nn.ParameterList([gradatim.ones(2), nn.Parameter(gradatim.zeros(1))])
    ps.append(gradatim.ones(3))
    assert len(ps) == 3
    assert all(isinstance(p, nn.Parameter) for p in ps)
    assert [p.numel() for p in ps[1:]] == [1, 3]
    ps[0] = gradatim.zeros(5)
    assert len(list(ps.parameters())) == 3
    assert ps[0].numel() == 5
    with pytest.raises(TypeError, match="should be called with an iterable"):
        ps.extend(gradatim.ones(2))


def test_parameter_dict_is_a_dictionary_of_parameters():
    ps = nn.ParameterDict({"a": gradatim.ones(2), "b": nn.Parameter(gradatim.zeros(1))})
    ps["c"] = gradatim.ones(2, 3)
    assert len(ps) == 3
    assert [*ps] == [*ps.keys()] == ["a", "b", "c"]
    assert all(isinstance(p, nn.Parameter) for p in ps.values())
    assert [name for name, _ in ps.named_parameters()] == [name for name, _ in ps.items()]
    assert "(c): Parameter containing: [gradatim.float32 of size 2x3]" in repr(ps)
    ps["a"] = gradatim.zeros(5)
    assert ps["a"].numel() == 5
    assert ps.get("d") is None
    assert ps.setdefault("d", gradatim.ones(1)) is ps["d"]
    assert "d" in ps
    both = ps | {"e": gradatim.ones(1)}
    both |= [("f", gradatim.ones(1))]
    assert both["a"] is ps["a"]
    assert (len(ps), len(both)) == (4, 6)
    assert both.popitem()[0] == "f"
    assert ps.pop("d").numel() == 1
    del ps["b"]
    assert [*ps.copy().keys()] == ["a", "c"]
    ps.clear()
    assert not list(ps.parameters())


def test_a_compiled_step_trains_the_parameters_of_a_dictionary():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.scales = nn.ParameterDict({name: gradatim.ones(2) for name in "ab"})

        def forward(self, x, name):
            return (self.scales[name] * x).square().sum()

    model = Scaled()
    optimizer = gradatim.optim.SGD(model.parameters(), lr=0.1)

    @gradatim.compile
    def step(x):
        loss = model(x, "a")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    assert step(gradatim.ones(2)).item() > step(gradatim.ones(2)).item()
    assert model.scales["b"].grad is None
