"""Parameters that are computed from others: reading, assigning, training, copying, removing."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import gradatim as torch
from gradatim import nn
from gradatim.core.errors import ArgumentError
from gradatim.nn.utils import parametrize
from gradatim.nn.utils.parametrizations import spectral_norm, weight_norm


class Symmetric(nn.Module):
    def forward(self, x: Any) -> Any:
        return x.triu() + x.triu(1).mT

    def right_inverse(self, x: Any) -> Any:
        return x.triu()


class Doubled(nn.Module):
    def forward(self, x: Any) -> Any:
        return 2 * x


class Added(nn.Module):
    """A low-rank change, as of LoRA."""

    def __init__(self, rows: int, columns: int) -> None:
        super().__init__()
        self.a, self.b = nn.Parameter(torch.zeros(rows, 1)), nn.Parameter(torch.ones(1, columns))

    def forward(self, x: Any) -> Any:
        return x + self.a @ self.b


def symmetric() -> Any:
    return parametrize.register_parametrization(nn.Linear(3, 3), "weight", Symmetric())


def test_the_tensor_is_computed() -> None:
    layer = symmetric()
    assert torch.equal(layer.weight, layer.weight.mT)
    assert type(layer).__name__ == "ParametrizedLinear"
    assert isinstance(layer, nn.Linear)
    assert [*layer.state_dict()] == ["bias", "parametrizations.weight.original"]
    assert parametrize.is_parametrized(layer)
    assert parametrize.is_parametrized(layer, "weight")
    assert not parametrize.is_parametrized(layer, "bias")
    assert not parametrize.is_parametrized(nn.Linear(1, 1))
    assert "(weight): ParametrizationList(" in repr(layer)


def test_an_assignment_goes_through_the_right_inverse() -> None:
    layer = symmetric()
    value = torch.tensor([[1.0, 2, 3], [2, 4, 5], [3, 5, 6]])
    layer.weight = value
    assert torch.equal(layer.weight, value)
    assert torch.equal(layer.parametrizations.weight.original, value.triu())
    doubled = parametrize.register_parametrization(nn.Linear(1, 1), "weight", Doubled())
    with pytest.raises(ArgumentError, match="Doubled has no right_inverse"):
        doubled.weight = torch.ones(1, 1)


@pytest.mark.parametrize("compiled", [False, True])
def test_training(compiled: bool) -> None:
    torch.manual_seed(0)
    layer = parametrize.register_parametrization(nn.Linear(3, 2), "weight", Added(2, 3))
    before = layer.weight.detach().clone()
    layer.parametrizations.weight.original.requires_grad_(False)
    optimizer = torch.optim.SGD([p for p in layer.parameters() if p.requires_grad], lr=0.01)

    def step() -> Any:
        loss = layer(torch.ones(4, 3)).square().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    step = torch.compile(step) if compiled else step
    losses = [step().item() for _ in range(5)]
    assert losses[-1] < losses[0]
    assert torch.linalg.matrix_rank(layer.weight.detach() - before).item() == 1


def test_several_are_computed_in_order() -> None:
    layer = nn.Linear(2, 2)
    parametrize.register_parametrization(layer, "weight", Symmetric())
    parametrize.register_parametrization(layer, "weight", Doubled())
    weight = layer.parametrizations.weight
    assert torch.equal(layer.weight, 2 * weight[0](weight.original))
    parametrize.register_parametrization(layer, "bias", Doubled())
    assert torch.equal(layer.bias, 2 * layer.parametrizations.bias.original)


def test_buffers_may_be_computed_too() -> None:
    norm = parametrize.register_parametrization(nn.BatchNorm1d(2), "running_mean", Doubled())
    assert torch.equal(norm.running_mean, torch.zeros(2))
    assert "parametrizations.running_mean.original" in norm.state_dict()


def test_a_computed_tensor_may_be_cached() -> None:
    layer = symmetric()
    assert layer.weight is not layer.weight
    with parametrize.cached():
        first = layer.weight
        with parametrize.cached():
            assert layer.weight is first
    assert layer.weight is not first


@pytest.mark.parametrize("leave", [True, False])
def test_removing(leave: bool) -> None:
    layer = symmetric()
    computed, original = layer.weight, layer.parametrizations.weight.original.clone()
    parametrize.remove_parametrizations(layer, "weight", leave_parametrized=leave)
    assert type(layer) is nn.Linear
    assert torch.equal(layer.weight, computed if leave else original)
    assert [name for name, _ in layer.named_parameters()] == ["bias", "weight"]
    with pytest.raises(ArgumentError, match="no parametrization"):
        parametrize.remove_parametrizations(layer, "weight")


def test_a_copy_has_a_class_of_its_own() -> None:
    layer = symmetric()
    other = copy.deepcopy(layer)
    parametrize.remove_parametrizations(layer, "weight")
    assert torch.equal(other.weight, other.weight.mT)
    assert other.parametrizations.weight.original is not layer.weight
    with pytest.raises(ArgumentError, match="state_dict"):
        pickle.dumps(other)
    third = symmetric()
    third.load_state_dict(other.state_dict())
    assert torch.equal(third.weight, other.weight)


def test_weight_norm() -> None:
    layer = nn.Linear(3, 2)
    before = layer.weight.detach().clone()
    weight_norm(layer)
    assert torch.allclose(layer.weight, before)
    length, direction = [*layer.parametrizations.weight.parameters()]
    assert (length.shape, direction.shape) == ((2, 1), (2, 3))
    with torch.no_grad():
        length.fill_(3.0)
    assert torch.allclose(layer.weight.norm(dim=1), torch.full((2,), 3.0))
    assert weight_norm(nn.Linear(3, 2), dim=None).parametrizations.weight.original0.shape == ()
    with pytest.raises(ArgumentError, match="several originals"):
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    parametrize.remove_parametrizations(layer, "weight")
    assert torch.allclose(layer.weight.norm(dim=1), torch.full((2,), 3.0))


def test_spectral_norm() -> None:
    torch.manual_seed(0)
    layer = spectral_norm(nn.Linear(5, 4))
    for _ in range(20):
        layer(torch.ones(1, 5))
    largest = torch.linalg.matrix_norm(layer.weight.detach(), 2)
    assert largest.item() == pytest.approx(1, abs=1e-3)
    layer.eval()
    assert torch.equal(layer.weight, layer.weight)
    with pytest.raises(ArgumentError, match="n_power_iterations"):
        spectral_norm(nn.Linear(2, 2), n_power_iterations=0)
    with pytest.raises(ArgumentError, match="no 'scale'"):
        spectral_norm(nn.Linear(2, 2), "scale")


class Wide(nn.Module):
    def forward(self, x: Any) -> Any:
        return torch.cat([x, x])


def test_refused() -> None:
    with pytest.raises(ArgumentError, match="no parameter, buffer"):
        parametrize.register_parametrization(nn.Linear(2, 2), "scale", Doubled())
    with pytest.raises(ArgumentError, match="unsafe=True"):
        parametrize.register_parametrization(nn.Linear(2, 2), "weight", Wide())
    wide = parametrize.register_parametrization(nn.Linear(2, 2), "weight", Wide(), unsafe=True)
    assert wide.weight.shape == (4, 2)
    with pytest.raises(AttributeError, match="planned"):
        nn.utils.parametrizations.orthogonal  # noqa: B018
    with pytest.raises(AttributeError, match="use nn.utils.parametrizations.weight_norm"):
        nn.utils.weight_norm  # noqa: B018
