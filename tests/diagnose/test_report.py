"""The report names the illness of networks that are made ill, and of healthy ones none."""

import numpy as np
import pytest

import gradatim
from gradatim import diagnose, nn


def deep(layers, activation, width=50, gain=1.0):
    gradatim.manual_seed(1)
    parts = []
    for _ in range(layers):
        linear = nn.Linear(width, width)
        nn.init.normal_(linear.weight, std=gain * width**-0.5)
        nn.init.zeros_(linear.bias)
        parts += [linear, activation()]
    return nn.Sequential(*parts, nn.Linear(width, 1))


class Scale(nn.Module):
    def __init__(self, by):
        super().__init__()
        self.by = by

    def forward(self, x):
        return x * self.by


def examined(model, width=50):
    return diagnose.examine(model, gradatim.randn(64, width), loss=lambda y: (y * y).mean())


def test_a_healthy_network_has_no_findings():
    assert examined(deep(10, nn.Tanh, gain=1.2)).findings() == []
    assert examined(deep(6, nn.ReLU, gain=2**0.5)).findings() == []


def test_small_weights_let_gradients_vanish_and_signals_fade():
    vanishing, fading = examined(deep(10, nn.Tanh, gain=0.3)).findings()
    assert vanishing.startswith("vanishing gradients: ")
    assert "Kaiming initialisation" in vanishing
    assert fading.startswith("the signal fades: examples differ by ")


def test_large_weights_let_gradients_explode():
    exploding, *_ = examined(deep(12, nn.ReLU, gain=4.0)).findings()
    assert exploding.startswith("exploding gradients: ")


def test_gradients_that_grow_without_exploding_are_told():
    growing, *_ = examined(deep(10, nn.ReLU, gain=2.5)).findings()
    assert growing.startswith("growing gradients: ")
    assert "rash for the first" in growing
    assert growing.endswith("smaller initial weights or normalisation keep them bounded")


@pytest.mark.parametrize(("layers", "illness"), [(30, "growing"), (45, "exploding")])
def test_of_batch_norm_the_weights_are_not_blamed(layers, illness):
    """Yang et al. 2019: they grow by a constant factor in every layer, whatever the weights."""
    parts = [
        part for _ in range(layers) for part in (nn.Linear(50, 50), nn.BatchNorm1d(50), nn.ReLU())
    ]
    gradatim.manual_seed(1)
    (found,) = examined(nn.Sequential(*parts, nn.Linear(50, 1))).findings()
    assert found.startswith(f"{illness} gradients: ")
    assert "batch norm makes them grow in every layer, residual connections keep" in found
    assert "weights" not in found


def test_very_large_weights_saturate_tanh():
    report = examined(deep(2, nn.Tanh, gain=20.0))
    assert any(finding.startswith("saturated: ") for finding in report.findings())
    last = report.activations[-1]
    assert last.saturated == pytest.approx((np.abs(last.values) > (15 / 16) ** 0.5).mean())


def test_a_large_negative_bias_kills_units():
    model = deep(1, nn.ReLU)
    with gradatim.no_grad():
        model[0].bias[:20] = -100.0
    report = examined(model)
    assert report.signals[1].dead == 20
    (dead,) = report.findings()
    assert dead.startswith("dead units: 20 of 50 in ReLU 1 pass nothing back for any example")


def test_names_the_first_signal_that_is_not_finite():
    model = deep(2, nn.Tanh)
    with gradatim.no_grad():
        model[2].weight[0, 0] = float("inf")
    assert examined(model).findings()[0].startswith("Linear 2 has values that are not finite")


def test_the_table_has_a_row_for_each_signal_and_weight():
    report = examined(deep(2, nn.Tanh))
    assert repr(report) == str(report)  # so that a cell of a notebook can end with it
    signals, weights = str(report).split("\n\n")
    assert signals.splitlines()[0].split()[:4] == ["signal", "kind", "mean", "std"]
    assert len(signals.splitlines()) == 1 + len(report.signals)
    assert len(weights.splitlines()) == 1 + len(report.weights)


@pytest.mark.parametrize("values", [np.zeros(5), np.array([np.nan, np.inf]), np.arange(100.0)])
def test_a_histogram_is_a_density(values):
    signal = diagnose.Signal("x", "Linear", values, None, None)
    found = signal.histogram(bins=10)
    widths = np.diff(found.edges)
    assert (widths > 0).all()
    assert (found.density * widths).sum() == pytest.approx(float(np.isfinite(values).any()))
    assert signal.gradient_histogram().density.sum() > 0


def test_units_of_images_are_channels():
    slope = np.ones((2, 3, 4, 4))
    slope[:, 1] = 0
    signal = diagnose.Signal("x", "relu", slope, None, slope)
    assert (signal.units, signal.dead, signal.saturated) == (3, 1, pytest.approx(1 / 3))


class Table(nn.Module):
    """A model without layers: a loss of one parameter."""

    def __init__(self):
        super().__init__()
        self.W = nn.Parameter(gradatim.ones(3, 3))

    def forward(self, x):
        y = x @ self.W
        return y, y.sum()


def test_a_model_without_layers_has_weights_only():
    report = diagnose.examine(Table(), gradatim.ones(2, 3))
    assert report.findings() == []
    assert str(report).splitlines()[0].startswith("weight  shape")


def test_a_branch_without_a_loss_is_not_one_whose_gradient_vanished():
    class Aside(nn.Module):
        def __init__(self):
            super().__init__()
            self.looked_at, self.used = nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x):
            self.looked_at(x).tanh()
            return self.used(self.used(x).tanh()).tanh().sum()

    report = diagnose.examine(Aside(), gradatim.randn(8, 4))
    assert report.signals[0].name == "looked_at"
    assert report.findings() == []


def test_numbers_that_three_decimals_cannot_show_are_written_with_a_power_of_ten():
    huge = examined(nn.Sequential(Scale(1e20), nn.Tanh(), nn.Linear(50, 1)))
    first = next(line for line in str(huge).splitlines() if line.startswith("1 "))
    assert all(len(word) < 9 for word in first.split())
    tiny = examined(nn.Sequential(nn.Linear(50, 50), Scale(1e-6), nn.Tanh(), nn.Linear(50, 1)))
    words = next(line for line in str(tiny).splitlines() if line.startswith("2 ")).split()
    assert words[3].endswith("e-07")
