"""`draw.activations`: functions and their derivatives in panels of one scale."""

import re

import pytest
from click.testing import CliRunner

import gradatim
from gradatim import draw, nn
from gradatim.cli.draw import command
from gradatim.core.errors import ArgumentError
from tests.draw.reading import texts


def curves(drawing: draw.Drawing, name: str) -> list[list[list[tuple[float, float]]]]:
    """The derivative and, drawn below it, the function of a panel, as strokes of points."""
    panel = re.search(rf"<g><title>{name}[^<]*</title>(.*?)</g>", drawing.svg)
    assert panel
    strokes = []
    for commands in re.findall(r'<path d="([^"]*)"', panel[1]):
        parts = [part for part in commands.split("M") if part]
        strokes.append([[tuple(map(float, p.split())) for p in part.split("L")] for part in parts])
    function, *derivative = strokes
    return [*derivative, function]


def test_the_gallery_names_and_draws_every_activation() -> None:
    drawing = draw.activations()
    shown = texts(drawing)
    assert {"sigmoid", "tanh", "relu", "gelu", "silu", "x · Φ(x)"} <= set(shown)
    assert drawing.svg.count("<g><title>") == 20
    assert drawing.svg == draw.activations().svg  # the same bytes each time


def test_a_panel_shows_the_function_and_its_derivative_to_scale() -> None:
    derivative, function = curves(draw.activations(["relu"]), "relu")
    flat, one = derivative
    assert len({y for _, y in flat}) == len({y for _, y in one}) == 1
    unit = flat[0][1] - one[0][1]  # from 0 to 1
    assert unit == pytest.approx(22)
    ((first, *_, last),) = function
    assert first[1] == flat[0][1]
    assert last[1] == pytest.approx(first[1] - 3 * unit, abs=0.2)  # cut at the frame, at 3


def test_where_a_derivative_jumps_there_is_a_gap_and_nowhere_else() -> None:
    drawing = draw.activations(["hardshrink", "gelu", "hardtanh", "elu"])
    for name, of_slope, of_function in (
        ("hardshrink", 2, 3), ("gelu", 1, 1), ("hardtanh", 3, 1), ("elu", 1, 1)
    ):  # fmt: skip
        slope, function = curves(drawing, name)
        # The slope of 0 in the middle of hardshrink is a stroke too.
        strokes = (len(slope), len(function))
        assert strokes == (of_slope + (name == "hardshrink"), of_function), name


def test_where_function_and_derivative_are_the_same_both_are_seen() -> None:
    panel = draw.activations(["relu"]).svg.split("<title>relu")[1]
    below, above = (float(w) for w in re.findall(r'<path [^>]*stroke-width="([^"]*)"', panel))
    assert above < below / 2


def test_functions_of_ones_own_are_drawn() -> None:
    drawing = draw.activations({"bump": lambda x: (-x * x).exp()}, title="A bump")
    assert drawing.title == "A bump"
    slope, function = curves(drawing, "bump")
    assert len(slope) == len(function) == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["reul"], "no activation 'reul'; there are sigmoid, tanh"),
        ({}, "there is no function to draw"),
        ({"sum": gradatim.sum}, "'sum' must give a tensor of the shape it was given"),
    ],
)
def test_what_cannot_be_drawn_is_refused(given: object, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        draw.activations(given)


def test_the_command_writes_the_picture(tmp_path) -> None:
    target = tmp_path / "two.svg"
    found = CliRunner().invoke(command, ["activations", "relu", "gelu", "-o", str(target)])
    assert found.exit_code == 0, found.output
    assert "Wrote" in found.output
    assert target.read_text(encoding="utf-8").count("<g><title>") == 2


def test_modules_with_weights_of_their_own_and_in_place():
    slope = nn.PReLU()
    drawn = draw.activations({"learnt": slope, "in place": nn.ReLU(inplace=True)})
    assert "learnt" in drawn.svg
    assert slope.weight.grad is None
    with gradatim.no_grad():
        assert draw.activations({"learnt": slope, "in place": nn.ReLU()}).svg == drawn.svg


def test_a_long_name_ends_in_its_panel() -> None:
    drawn = draw.activations({"a name that is far too long for a panel": gradatim.tanh})
    name = next(words for words in texts(drawn) if words.startswith("a name"))
    assert name.endswith("…")


def test_where_there_is_no_function_there_is_no_slope() -> None:
    derivative, _ = curves(draw.activations({"log": gradatim.log}), "log")
    middle = draw.activations({"log": gradatim.log}).width / 2
    assert min(x for stroke in derivative for x, _ in stroke) > middle / 2
    (whole,), _ = curves(draw.activations({"x²": gradatim.square}), "x²")
    assert whole[0][0] < derivative[0][0][0]


def test_what_is_no_function_is_named() -> None:
    with pytest.raises(TypeError, match="'mine' must be a function, got int"):
        draw.activations({"mine": 3})
