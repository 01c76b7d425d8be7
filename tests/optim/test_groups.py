"""Groups of parameters: settings of their own, names, and how they are printed."""

import pytest

import gradatim as g
from gradatim import nn, optim


def leaf(*numbers):
    return g.tensor([float(x) for x in numbers], requires_grad=True)


def test_groups_have_settings_of_their_own():
    p, q = leaf(1), leaf(1)
    optimizer = optim.SGD([{"params": p}, {"params": [q], "lr": 0.5}], lr=0.1)
    optimizer.add_param_group({"params": [r := leaf(1)], "weight_decay": 1.0})
    (p * 1 + q * 1 + r * 0).sum().backward()
    optimizer.step()
    assert [x.item() for x in (p, q, r)] == pytest.approx([0.9, 0.5, 0.9])
    assert len(optimizer.param_groups) == 3
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0, 0, 1.0]


def test_an_optimizer_may_be_made_from_the_groups_of_another():
    x, y = g.zeros(1, requires_grad=True), g.zeros(1, requires_grad=True)
    first = optim.SGD([{"params": [x], "lr": 0.5}, {"params": [y]}], lr=0.1, momentum=0.9)
    second = optim.SGD(first.param_groups, lr=1.0)
    assert [group["lr"] for group in second.param_groups] == [0.5, 0.1]
    assert [group["momentum"] for group in second.param_groups] == [0.9, 0.9]
    (x + y).sum().backward()
    second.step()
    assert (x.item(), y.item()) == (-0.5, pytest.approx(-0.1))


def test_groups_may_know_the_names_of_their_parameters():
    model = nn.Sequential(nn.Linear(2, 3), nn.LayerNorm(3))
    decay = [(n, p) for n, p in model.named_parameters() if p.ndim > 1]
    rest = [(n, p) for n, p in model.named_parameters() if p.ndim < 2]
    optimizer = optim.AdamW([{"params": decay}, {"params": rest, "weight_decay": 0.0}])
    names = [group["param_names"] for group in optimizer.param_groups]
    assert names == [["0.weight"], ["0.bias", "1.weight", "1.bias"]]
    assert optimizer.param_groups[0]["params"][0] is model[0].weight
    for wrong, message in (
        ([leaf(1)], "cannot add param group without names to the optimizer"),
        ([("a", leaf(1)), leaf(1)], "Some param names are missing"),
    ):
        with pytest.raises(ValueError, match=message):
            optimizer.add_param_group({"params": wrong})
    optimizer.load_state_dict(optimizer.state_dict())
    assert [group["param_names"] for group in optimizer.param_groups] == names


def test_groups_are_printed_with_a_line_between_them():
    shown = repr(optim.SGD([{"params": [leaf(1)]}, {"params": [leaf(1)], "lr": 0.5}], lr=0.1))
    assert shown.startswith("SGD (\nParameter Group 0\n    dampening: 0\n")
    assert "    weight_decay: 0\n\nParameter Group 1\n" in shown
    assert shown.endswith("    weight_decay: 0\n)")
