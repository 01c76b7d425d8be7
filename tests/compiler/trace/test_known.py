"""Numbers that a compiled function may ask for, because they follow from constants."""

from __future__ import annotations

from typing import Any

import pytest

import gradatim as torch
from gradatim.compiler.errors import TraceError


def grid(x: Any) -> Any:
    times = torch.linspace(0, 1, 5)
    for k in range(4):
        x = x + float(times[k + 1] - times[k]) * x
    return x


def listed(x: Any) -> Any:
    for t in reversed(torch.arange(4).int().tolist()):
        x = x * (t + 1)
    return x


def written(x: Any) -> Any:
    scale = torch.zeros(3)
    scale[1] = 5
    scale += 1
    return x * scale.max().item() if scale.sum() > 2 else x


def composed(x: Any) -> Any:
    return x * int(torch.ones(2, 2).softmax(1).std(0)[0] + 2)


def inside(x: Any) -> Any:
    return torch.func.vmap(lambda row: row * torch.arange(3)[2].item())(x.view(1, -1))


@pytest.mark.parametrize("function", [grid, listed, written, composed, inside])
def test_constants_are_known(function: Any) -> None:
    x = torch.tensor([1.0, 2.0])
    step = torch.compile(function)
    assert torch.allclose(step(x), function(x))
    assert torch.allclose(step(2 * x), function(2 * x))


@pytest.mark.filterwarnings("ignore:.* is traced again")
def test_a_number_that_python_changes_is_another_constant() -> None:
    steps = 3
    doubled = torch.compile(lambda x: x * len(torch.arange(steps).tolist()))
    assert doubled(torch.ones(1)).item() == 3
    steps = 4
    assert doubled(torch.ones(1)).item() == 4


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * torch.rand(3).max().item(),
        lambda x: x * torch.cat([torch.arange(3.0), x])[0].item(),
        lambda x: x if (x + 0 * torch.ones(1)).sum() > 0 else -x,
    ],
)
def test_arguments_and_random_numbers_are_not(function: Any) -> None:
    with pytest.raises(TraceError, match="asks for the value of a tensor"):
        torch.compile(function)(torch.ones(2))
