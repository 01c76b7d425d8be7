"""A watch tells how large steps are, of any optimiser and of compiled steps."""

import numpy as np
import pytest

import gradatim
from gradatim import diagnose, nn, optim


def test_ratios_are_those_of_the_updates():
    gradatim.manual_seed(0)
    model = nn.Linear(6, 4)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    watch = diagnose.Watch(model)
    for _ in range(3):
        before = np.array(model.weight.detach())
        optimizer.zero_grad()
        (model(gradatim.randn(8, 6)) ** 2).mean().backward()
        gradient = np.array(model.weight.grad)
        with watch:
            optimizer.step()
        assert watch.ratios["weight"][-1] == pytest.approx(
            0.1 * gradient.std() / before.std(), rel=1e-4
        )
        assert watch.norms["weight"][-1] == pytest.approx(np.linalg.norm(gradient), rel=1e-5)
    assert {name: len(ratios) for name, ratios in watch.ratios.items()} == {"weight": 3, "bias": 3}


def test_a_weight_whose_values_are_all_equal_has_no_ratio():
    model = nn.Linear(2, 2)
    nn.init.zeros_(model.bias)
    watch = diagnose.Watch(model)
    with watch, gradatim.no_grad():
        model.bias += 1.0
    assert np.isnan(watch.ratios["bias"][0])
    assert watch.ratios["weight"] == [0.0]
    assert watch.norms["bias"] == [0.0]


def test_sees_a_compiled_step():
    gradatim.manual_seed(0)
    model = nn.Linear(6, 4)
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    @gradatim.compile
    def step(x):
        loss = (model(x) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()

    watch = diagnose.Watch(model)
    with watch:
        step(gradatim.randn(8, 6))
    assert watch.ratios["weight"][0] > 1e-3


def test_watches_modules_only():
    with pytest.raises(ValueError, match="expects a Module, got function"):
        diagnose.Watch(lambda x: x)


def test_says_that_blocks_of_one_watch_cannot_be_nested():
    watch = diagnose.Watch(nn.Linear(2, 2))
    with watch, pytest.raises(ValueError, match="inside another block of the same watch"), watch:
        pass
    with watch:
        pass
    assert len(watch.ratios["weight"]) == len(watch.norms["weight"]) == 2
