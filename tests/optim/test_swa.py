"""Averages of weights: which, when, compiled, and the schedule that goes with them."""

from __future__ import annotations

import math
from typing import Any

import pytest

import gradatim as torch
from gradatim import nn, optim
from gradatim.core.errors import ArgumentError
from gradatim.optim.swa_utils import (
    SWALR,
    AveragedModel,
    get_ema_avg_fn,
    get_ema_multi_avg_fn,
    get_swa_avg_fn,
    get_swa_multi_avg_fn,
    update_bn,
)

VALUES = (1.0, 2.0, 6.0)


def averaged(**settings: Any) -> float:
    """The weight after three updates."""
    model = nn.Linear(1, 1, bias=False)
    mean = AveragedModel(model, **settings)
    for x in VALUES:
        model.weight.data.fill_(x)
        mean.update_parameters(model)
    return mean.module.weight.item()


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({}, 3.0),
        ({"avg_fn": get_swa_avg_fn()}, 3.0),
        ({"multi_avg_fn": get_swa_multi_avg_fn()}, 3.0),
        ({"avg_fn": get_ema_avg_fn(0.5)}, 3.75),
        ({"multi_avg_fn": get_ema_multi_avg_fn(0.5)}, 3.75),
        ({"avg_fn": lambda a, p, n: a + p}, 9.0),
    ],
)
def test_kinds_of_averages(settings: dict[str, Any], wanted: float) -> None:
    assert averaged(**settings) == pytest.approx(wanted)


def test_the_model_itself_is_left_alone() -> None:
    model = nn.Linear(2, 1)
    mean = AveragedModel(model)
    mean.update_parameters(model)
    model.weight.data.zero_()
    assert mean.module.weight.abs().sum() > 0
    assert mean(torch.ones(1, 2)).shape == (1, 1)
    assert set(mean.state_dict()) == {"n_averaged", "module.weight", "module.bias"}


@pytest.mark.parametrize("use_buffers", [False, True])
def test_buffers_are_copied_or_averaged(use_buffers: bool) -> None:
    model = nn.BatchNorm1d(1)
    mean = AveragedModel(model, use_buffers=use_buffers)
    for x in VALUES:
        model.running_mean.fill_(x)
        mean.update_parameters(model)
    assert mean.module.running_mean.item() == (3 if use_buffers else 6)


def test_a_compiled_step_updates_it() -> None:
    torch.manual_seed(0)
    x, y = torch.randn(20, 3), torch.randn(20, 1)

    def trained(compile: bool) -> Any:
        torch.manual_seed(1)
        model = nn.Linear(3, 1)
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        mean = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.7))

        def step() -> Any:
            loss = nn.functional.mse_loss(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            mean.update_parameters(model)
            return loss

        step = torch.compile(step) if compile else step
        for _ in range(5):
            step()
        return mean

    eager, compiled = trained(False), trained(True)
    assert compiled.n_averaged.item() == 5
    assert torch.allclose(eager.module.weight, compiled.module.weight, atol=1e-6)


def test_update_bn_computes_the_statistics_of_all_batches() -> None:
    torch.manual_seed(0)
    x = torch.randn(40, 3) * 2 + 5
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 1)).eval()
    update_bn([(b, None) for b in x.split(10)], model)
    means = torch.stack([b.mean(0) for b in x.split(10)]).mean(0)
    assert torch.allclose(model[0].running_mean, means, atol=1e-5)
    assert (model[0].momentum, model.training) == (0.1, False)


def test_the_schedule() -> None:
    optimizer = optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = SWALR(optimizer, swa_lr=0.5, anneal_epochs=2)
    rates = []
    for _ in range(4):
        optimizer.step()
        schedule.step()
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([0.75, 0.5, 0.5, 0.5])
    optimizer = optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = SWALR(optimizer, swa_lr=[0.1], anneal_epochs=0)
    optimizer.step()
    schedule.step()
    assert schedule.get_last_lr() == [0.1]
    assert math.isclose(optimizer.param_groups[0]["swa_lr"], 0.1)


def test_refused() -> None:
    optimizer = optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    with pytest.raises(ArgumentError, match="decay"):
        get_ema_avg_fn(1.5)
    with pytest.raises(ArgumentError, match="decay"):
        get_ema_multi_avg_fn(-1)
    with pytest.raises(ArgumentError, match="only one"):
        AveragedModel(nn.Identity(), avg_fn=get_swa_avg_fn(), multi_avg_fn=get_swa_multi_avg_fn())
    with pytest.raises(ArgumentError, match="2 rates for 1"):
        SWALR(optimizer, swa_lr=[0.1, 0.2])
    with pytest.raises(ArgumentError, match="anneal_strategy"):
        SWALR(optimizer, 0.1, anneal_strategy="step")
    with pytest.raises(ArgumentError, match="anneal_epochs"):
        SWALR(optimizer, 0.1, anneal_epochs=-1)
