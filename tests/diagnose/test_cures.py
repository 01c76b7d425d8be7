"""Thirty layers that die and three cures: each mends what it is for."""

import numpy as np
import pytest

from gradatim import diagnose, draw
from gradatim.core.errors import ArgumentError


@pytest.fixture(scope="module")
def stages():
    return list(diagnose.cures(steps=0))


def test_plain_gradients_vanish_and_kaiming_keeps_them(stages):
    plain, kaiming, _, _ = stages
    norms = [signal.gradient_norm for signal in plain.report.activations]
    assert len(norms) == 30
    assert norms[0] < 1e-9 * norms[-1]
    norms = [signal.gradient_norm for signal in kaiming.report.activations]
    assert 0.1 < norms[0] / norms[-1] < 10


def test_normalisation_leaves_no_unit_dead(stages):
    dead = [sum(signal.dead or 0 for signal in stage.report.activations) for stage in stages]
    assert dead[0] > dead[1] > 100
    assert dead[2] == dead[3] == 0


def test_a_residual_network_is_less_shattered_than_one_that_is_only_normalised(stages):
    _, _, norm, residual = stages
    assert np.abs(norm.autocorrelation[1:]).max() < 0.2
    assert residual.autocorrelation[1] > 0.6


def test_normalisation_lets_gradients_grow_until_layers_are_residual(stages):
    _, kaiming, norm, residual = stages
    (growing,) = norm.report.findings()
    assert growing.startswith("growing gradients: ")
    assert "batch norm makes them grow" in growing
    assert not any("gradients" in finding for finding in kaiming.report.findings())
    assert residual.report.findings() == []


def test_the_picture_has_a_column_for_each(stages):
    picture = draw.cures(stages)
    assert all(stage.name in picture.svg for stage in stages)
    assert picture.width > draw.cures(stages[:1]).width
    with pytest.raises(ArgumentError, match="draws 1 to 6 stages, got 0"):
        draw.cures([])


@pytest.mark.parametrize("wrong", [{"depth": -1}, {"depth": 0}, {"width": 0}, {"steps": -1}])
def test_says_what_is_no_network(wrong):
    with pytest.raises(ArgumentError, match=f"{next(iter(wrong))} must be a whole number of at"):
        diagnose.cures(**wrong)
