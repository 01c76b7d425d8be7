"""`draw.regions`: functions with their bends, and cells in the plane."""

import re
from itertools import pairwise

import pytest

import gradatim
from gradatim import draw, nn
from gradatim.diagnose import regions
from gradatim.draw.canvas.text_width import text_width
from tests.draw.reading import SVG, parsed


def plane_net():
    gradatim.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 6), nn.ReLU(), nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 1))


def test_a_line_shows_each_bend_and_each_layer():
    picture = draw.regions(regions.zigzag(3, 2), 0.0, 1.0, points=[(0.5, 0.5)], title="folded")
    assert "16 linear regions" in picture.svg
    assert picture.svg.count("<circle") == 15 + 1
    assert "layer 1" in picture.svg
    assert "layer 2" in picture.svg
    assert picture.title == "folded"


def test_units_that_change_no_slope_are_told_apart():
    blind = [([[1.0], [1.0]], [0.0, -1.0]), ([[1.0, 0.0]], [0.0])]
    assert "3 linear regions, 2 straight pieces" in draw.regions(blind, -1, 3).svg


def test_many_regions_make_a_small_file():
    picture = draw.regions(regions.zigzag(10, 4), 0.0, 1.0)
    assert "14,641 linear regions" in picture.svg
    assert len(picture.svg) < 400_000


def test_a_plane_shows_each_cell_its_edges_and_the_points():
    found = regions.find(plane_net(), -2.0, 2.0)
    picture = draw.regions(found, points=[[0, 0], [1, 1], [-1, 0]], labels=[0, 1, 1])
    assert f"{found.patterns} linear regions" in picture.svg
    filled = re.findall(r'<path d="[^"]*Z" fill="#', picture.svg)
    assert len(filled) == found.patterns
    assert picture.svg.count("<circle") == 3


ALMOST_FLAT = [([[1.0]], [0.0]), ([[1e-8]], [-0.0121250])]


@pytest.mark.parametrize(
    "net",
    [regions.zigzag(3, 8), regions.plain(2, 6, 8), ALMOST_FLAT],
    ids=["eight layers", "plane", "long numbers"],
)
def test_numbers_and_names_of_layers_stand_apart_and_inside(net):
    picture = draw.regions(net)
    lines = {}
    for element in parsed(picture).iter(f"{SVG}text"):
        words, size, x = element.text, float(element.get("font-size")), float(element.get("x"))
        room = text_width(words, size)
        x -= room * {"end": 1.0, "middle": 0.5}.get(element.get("text-anchor"), 0.0)
        assert x >= 0
        assert x + room <= picture.width
        assert float(element.get("y")) < picture.height
        if size == 12:
            lines.setdefault(element.get("y"), []).append((x, x + room))
    for line in lines.values():
        assert all(end <= start for (_, end), (start, _) in pairwise(sorted(line)))


def test_points_are_pairs():
    with pytest.raises(ValueError, match="points are pairs of two numbers"):
        draw.regions(plane_net(), points=[[1, 2, 3]])


def test_labels_are_as_many_as_points():
    net = regions.plain(2, 3, 1)
    points = gradatim.tensor([[0.0, 0.0], [0.5, 0.5]])
    assert draw.regions(net, points=points, labels=gradatim.tensor([0, 1])).svg
    with pytest.raises(ValueError, match="2 points need as many labels, got 1"):
        draw.regions(net, points=points, labels=[0])


def test_where_the_output_is_zero_is_told_only_where_it_is():
    net = plane_net()
    words = "bold: where the output is 0"
    net.requires_grad_(False)[-1].bias.fill_(9.0)
    assert words not in draw.regions(net, -1.0, 1.0).svg
    net[-1].bias.fill_(-float(net(gradatim.zeros(1, 2)) - net[-1].bias))
    assert words in draw.regions(net, -2.0, 2.0).svg
