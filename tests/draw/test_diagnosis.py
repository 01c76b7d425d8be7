"""The picture of a report: every layer a row, whatever its numbers are."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

import gradatim
from gradatim import diagnose, draw, nn
from gradatim.core.errors import ArgumentError
from gradatim.diagnose import Report, Signal, Weight


def report_of(layers, change=lambda model: None):
    gradatim.manual_seed(0)
    parts = [part for _ in range(layers) for part in (nn.Linear(8, 8), nn.ReLU())]
    model = nn.Sequential(*parts, nn.Linear(8, 1))
    with gradatim.no_grad():
        change(model)
    return diagnose.examine(model, gradatim.randn(16, 8), loss=lambda y: (y * y).mean())


def texts(drawing):
    root = ET.fromstring(drawing.svg)
    return [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]


def test_names_every_layer_and_weight_and_the_findings():
    report = report_of(2)
    found = texts(draw.diagnosis(report, title="Two layers"))
    assert {"Two layers", "0", "1", "2", "3", "4", "0.weight", "2.weight", "4.weight"} <= set(found)
    assert "ReLU" in found
    assert "8 x 8" in found
    assert found[-1] == "nothing looks ill"
    assert {"0", "50", "100"} <= set(found[found.index("% flat; dead units in red") :])
    linear = diagnose.examine(nn.Linear(8, 1), gradatim.randn(4, 8), loss=lambda y: y.sum())
    assert "100" not in texts(draw.diagnosis(linear))  # no activation, so no scale for any


def test_deep_networks_have_low_rows_and_fewer_names():
    shallow, deep = draw.diagnosis(report_of(3)), draw.diagnosis(report_of(40))
    assert deep.height < 5 * shallow.height
    assert any("vanishing gradients" in (words or "") for words in texts(deep))


def test_numbers_that_cannot_be_drawn_leave_their_row_empty():
    def ruin(model):
        model[2].weight.fill_(float("nan"))

    assert any("not finite" in (words or "") for words in texts(draw.diagnosis(report_of(2, ruin))))
    nothing = Report((Signal("x", "Linear", np.zeros((2, 3)), None, None),), (), 0.0)
    ET.fromstring(draw.diagnosis(nothing).svg)
    still = Report(
        (Signal("x", "Linear", np.zeros((2, 3)), np.zeros((2, 3)), None),),
        (Weight("w", np.zeros((2, 3)), np.zeros((2, 3))),),
        0.0,
    )
    ET.fromstring(draw.diagnosis(still).svg)


def test_refuses_what_nobody_could_read():
    with pytest.raises(ArgumentError, match="draws 1 to 120 layers, the report has 0 and 0"):
        draw.diagnosis(Report((), (), 0.0))
    with pytest.raises(ArgumentError, match="and 121 weights; examine a part of the model"):
        draw.diagnosis(report_of(120))


def test_draws_weights_alone():
    weight = Weight("W", np.eye(3), np.ones((3, 3)))
    found = texts(draw.diagnosis(Report((), (weight,), 0.0)))
    assert "3 x 3" in found
    assert "signal" not in found


def test_sizes_of_less_than_two_powers_of_ten_have_numbers_between_them():
    rows = (0.12, 0.15, 0.31)
    weights = tuple(Weight(f"{i}", np.eye(4), np.eye(4) * size) for i, size in enumerate(rows))
    found = texts(draw.diagnosis(Report((), weights, 1.0)))
    assert {"0.3", "0.5"} & set(found)  # the norms are twice the sizes
    assert len([words for words in found if words == "1"]) <= 3


def test_axes_of_nothing_have_no_numbers():
    ruined = np.full((4, 4), np.nan)
    found = texts(draw.diagnosis(Report((), (Weight("w", ruined, ruined),), 1.0)))
    assert [words for words in found if words[0] in "−-0123456789"] == ["4 x 4"]
