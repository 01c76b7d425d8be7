"""draw.heatmap, curves, bars, surprise and boundary: what they show and what they refuse."""

import json
import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradatim
from gradatim import draw
from gradatim.diagnose import regions
from gradatim.draw.canvas.text_width import text_width
from gradatim.scalar import Value
from tests.draw.reading import SVG, count, fills, parsed, texts

LETTERS = ".abcdefghijklmnopqrstuvwxyz"
BLUE, ORANGE = "#2b6cb0", "#d97a1e"

# --- heat maps


def test_the_bigram_table_has_letters_and_counts_in_each_cell() -> None:
    counts = [[27 * j + i for i in range(27)] for j in range(27)]
    drawing = draw.heatmap(counts, LETTERS, LETTERS, scale="sqrt", title="bigrams")
    shown = texts(drawing)
    assert {"..", ".a", "za", "zz", "bigrams"} <= set(shown)
    assert all(str(number) in shown for number in range(27 * 27))


def test_the_larger_the_number_the_darker_the_cell() -> None:
    colours = fills(draw.heatmap([[0, 1, 2, 4]], annotations=False))[1:5]
    brightness = [sum(int(c[i : i + 2], 16) for i in (1, 3, 5)) for c in colours]
    assert brightness == sorted(brightness, reverse=True)
    assert len(set(brightness)) == 4


def test_negative_numbers_are_red_and_positive_ones_blue() -> None:
    red, white, blue = fills(draw.heatmap([[-2.0, 0.0, 2.0]], annotations=False))[1:4]
    assert int(red[1:3], 16) > int(red[5:7], 16)
    assert int(blue[1:3], 16) < int(blue[5:7], 16)
    assert white == "#fafafa"


@pytest.mark.parametrize("wrap", [list, np.array, gradatim.tensor], ids=["list", "array", "tensor"])
def test_matrices_of_any_kind_are_drawn(wrap: Any) -> None:
    assert {"1", "0.25"} <= set(texts(draw.heatmap(wrap([[1.0, 0.25], [3.0, 4.0]]))))


def test_annotations_take_the_place_of_the_numbers() -> None:
    shown = texts(draw.heatmap([[0.5, 0.5]], ["row"], ["p", "q"], annotations=[[7, "many"]]))
    assert {"7", "many", "row", "p", "q"} <= set(shown)
    assert "0.5" not in shown


def test_a_cell_that_is_nan_stays_empty() -> None:
    drawing = draw.heatmap([[1.0, math.nan]])
    assert fills(drawing)[2] == "none"
    assert "nan" not in texts(drawing)


def test_bad_matrices_are_refused() -> None:
    with pytest.raises(ValueError, match="rows of the same length"):
        draw.heatmap([[1, 2], [3]])
    with pytest.raises(ValueError, match="3 row labels for 1 rows"):
        draw.heatmap([[1, 2]], "abc")
    with pytest.raises(ValueError, match="annotations must be 1 rows of 2"):
        draw.heatmap([[1, 2]], annotations=[["a"]])
    with pytest.raises(ValueError, match="no finite number"):
        draw.heatmap([[math.nan]])
    with pytest.raises(ValueError, match="200 x 200 cells are more than a picture shows"):
        draw.heatmap([[0] * 200] * 200)
    with pytest.raises(ValueError, match="'linear', 'sqrt' or 'log', got 'cube'"):
        draw.heatmap([[1]], scale="cube")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected a number, got str: 'x'"):
        draw.heatmap([["x"]])


# --- headings


LONG = "A title that is a good deal longer than the square picture below it is wide"


@pytest.mark.parametrize(
    "picture",
    [
        lambda: draw.regions(regions.plain(2, 3, 1), title=LONG),
        lambda: draw.regions(regions.plain(1, 3, 1), title=LONG + LONG),
        lambda: draw.boundary(
            lambda points: [x for x, _ in points], [[0, 0], [1, 1]], [0, 1], title=LONG
        ),
        lambda: draw.curves({"a": [1.0, 2.0]}, title=LONG + LONG),
        lambda: draw.bars([1.0, 2.0], "ab", title=LONG),
    ],
    ids=["plane", "line", "boundary", "curves", "bars"],
)
def test_a_picture_is_as_wide_as_its_title(picture: Callable[[], draw.Drawing]) -> None:
    drawing = picture()
    (heading,) = (e for e in parsed(drawing).iter(f"{SVG}text") if (e.text or "").startswith(LONG))
    size = float(heading.get("font-size", "0"))
    end = float(heading.get("x", "0")) + text_width(heading.text or "", size, bold=True)
    assert end <= drawing.width


# --- curves


def curve_paths(drawing: draw.Drawing, colour: str) -> list[str]:
    found = parsed(drawing).iter(f"{SVG}path")
    return [e.get("d", "") for e in found if e.get("stroke") == colour]


def test_each_curve_has_its_name_and_colour() -> None:
    drawing = draw.curves({"train": [3.0, 2.5, 2.2], "dev": ([0, 2], [3.1, 2.4])})
    assert {"train", "dev", "step", "loss"} <= set(texts(drawing))
    assert len(curve_paths(drawing, BLUE)) == len(curve_paths(drawing, ORANGE)) == 1


@pytest.mark.parametrize("many", [3, 17, 40])
def test_the_names_of_many_curves_stand_apart_and_inside_the_picture(many: int) -> None:
    drawing = draw.curves({f"curve {i}": [1.0, 1e-3 * i] for i in range(many)})
    found = parsed(drawing).iter(f"{SVG}text")
    places = sorted(float(e.get("y", "0")) for e in found if (e.text or "").startswith("curve "))
    assert len(places) == many
    assert all(b - a > 12 for a, b in pairwise(places))
    assert 12 < places[0] < places[-1] < drawing.height - 4


def test_nan_leaves_a_gap_and_a_point_alone_is_a_dot() -> None:
    drawing = draw.curves({"loss": [4.0, math.nan, 3.0, 2.0, math.inf, 1.0, 1.0]})
    (path,) = curve_paths(drawing, BLUE)
    assert path.count("M") == 2
    assert count(drawing, "circle", fill=BLUE) == 1


def test_axes_have_round_numbers() -> None:
    shown = texts(draw.curves({"a": [0.0, 0.3, 0.97]}))
    assert {"0.0", "0.5", "1.0"} <= set(shown) or {"0.0", "0.2", "0.4"} <= set(shown)
    logarithmic = texts(draw.curves({"a": [1e-6, 1e-3, 1.0]}, log_y=True))
    assert {"10⁻⁶", "1"} <= set(logarithmic)


def test_on_a_logarithmic_axis_what_is_not_above_zero_is_a_gap() -> None:
    (path,) = curve_paths(draw.curves({"a": [1.0, 0.5, 0.0, 0.1, 0.2]}, log_y=True), BLUE)
    assert path.count("M") == 2
    with pytest.raises(ValueError, match="no finite number above zero"):
        draw.curves({"a": [0.0, -1.0]}, log_y=True)


def test_names_at_the_ends_do_not_lie_on_each_other() -> None:
    drawing = draw.curves({f"curve {i}": [2.0, 1.0 + i * 1e-6] for i in range(6)})
    heights = sorted(
        float(e.get("y", ""))
        for e in parsed(drawing).iter(f"{SVG}text")
        if (e.text or "").startswith("curve")
    )
    assert all(b - a >= 15.9 for a, b in pairwise(heights))


def test_a_curve_of_many_points_is_a_small_file_with_its_peaks() -> None:
    losses = [2.0] * 200_000
    losses[123_456] = 9.0
    drawing = draw.curves({"batch": losses})
    assert len(drawing.svg) < 200_000
    assert "8" in " ".join(texts(drawing))


def test_losses_of_batches_are_thin_and_below_what_is_smooth() -> None:
    noise = [2.0 + (-1) ** i * 0.1 for i in range(100)]
    smooth = [2.0 - 0.001 * i for i in range(1000)]

    def drawn(series: dict[str, Any]) -> list[tuple[str | None, ...]]:
        lines = parsed(draw.curves(series)).iter(f"{SVG}path")
        found = [(e.get("stroke"), e.get("stroke-width"), e.get("opacity")) for e in lines]
        return [curve for curve in found if curve[0] in (BLUE, ORANGE)]

    below, above = drawn({"train": smooth, "batch": noise})
    assert below == (ORANGE, "1", "0.5")
    assert above == (BLUE, "2.2", None)
    assert drawn({"batch": noise}) == [(BLUE, "1", None)]


def metrics(folder: Path, *lines: str) -> Path:
    path = folder / "metrics.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_the_metrics_of_a_run_are_drawn_from_its_file_or_folder(tmp_path: Path) -> None:
    records: list[dict[str, object]] = [
        {"event": "eval", "step": 0, "train_loss": 3.3, "dev_loss": 3.4},
        {"event": "train", "step": 10, "loss": "NaN", "seconds": 1.0},
        {"event": "train", "step": 20, "loss": 2.5},
        {"event": "eval", "step": 20, "train_loss": 2.4, "dev_loss": 2.6},
    ]
    path = metrics(tmp_path, *map(json.dumps, records), '{"step": 30, "lo')
    for source in (path, str(tmp_path)):
        shown = texts(draw.curves(source))
        assert {"batch", "train", "dev"} <= set(shown)
        assert "seconds" not in shown


def test_a_path_without_losses_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="give the folder of a run or its metrics.jsonl"):
        draw.curves(tmp_path)
    with pytest.raises(ValueError, match="no line with a step and a loss yet"):
        draw.curves(metrics(tmp_path, "not json"))


def test_series_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="nothing to draw|no number to draw"):
        draw.curves({})
    with pytest.raises(ValueError, match="'a' has 2 places but 3 numbers"):
        draw.curves({"a": ([1, 2], [1.0, 2.0, 3.0])})
    with pytest.raises(TypeError, match="expected numbers, got the text 'loss'"):
        draw.curves({"a": "loss"})


# --- bars and surprise


def test_surprise_has_a_bar_for_each_letter_and_the_end_and_the_mean() -> None:
    drawing = draw.surprise("emma", [3.0, 2.0, 1.0, 2.0, 0.5])
    shown = texts(drawing)
    assert {"e", "m", "a", "end", "mean 1.700", "3.00", "0.50"} <= set(shown)
    assert count(drawing, "rect", fill=BLUE) == 5
    assert count(draw.surprise("emma", [3.0, 2.0, 1.0, 2.0]), "rect", fill=BLUE) == 4


def test_surprise_counts_letters() -> None:
    with pytest.raises(ValueError, match="'emma' has 4 letters, so it takes 4 numbers, or 5"):
        draw.surprise("emma", [1.0, 2.0])


def test_surprise_takes_letters_of_any_alphabet() -> None:
    assert {"é", "日", "<"} <= set(texts(draw.surprise("é日<", [1.0, 2.0, 3.0])))


def test_bars_of_either_sign_and_a_gap() -> None:
    drawing = draw.bars([1.0, -2.0, math.nan], ["up", "down", "gone"])
    assert {"up", "down", "gone", "nan", "-2"} <= set(texts(drawing))
    assert count(drawing, "rect", fill=BLUE) == 1


def test_small_numbers_are_not_written_as_zero() -> None:
    shown = texts(draw.bars([1e-4, 3e-4], "ab", mean=True))
    assert {"0.0001", "0.0003", "mean 0.0002"} <= {*shown}
    assert {"0.50", "0.00", "mean 0.250"} <= {*texts(draw.bars([0.5, 1e-4], "ab", mean=True))}


def test_bars_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="1 to 200 numbers, got 0"):
        draw.bars([])
    with pytest.raises(ValueError, match="1 labels for 2 numbers"):
        draw.bars([1, 2], "a")


# --- decision boundaries


def diagonal(points: list[list[float]]) -> list[float]:
    return [x + y - 1 for x, y in points]


CORNERS = [[0.0, 0.0], [1.0, 1.0], [0.2, 0.1], [0.9, 0.8]]


def test_the_boundary_lies_where_the_score_is_the_level() -> None:
    drawing = draw.boundary(diagonal, CORNERS, [0, 1, 0, 1])
    assert "4 of 4 points on the right side" in texts(drawing)
    (line,) = curve_paths(drawing, "#1b2430")
    points = [tuple(map(float, p.split())) for p in line[1:].split("L")]
    # x + y is the same along the line; pixels grow downward, so x - y is.
    differences = [x - y for x, y in points]
    assert max(differences) - min(differences) < 0.1


def test_points_on_the_wrong_side_have_a_ring() -> None:
    drawing = draw.boundary(diagonal, CORNERS, [-1, -1, -1, 1])
    assert "3 of 4 points on the right side" in texts(drawing)
    assert count(drawing, "circle", r="7.5") == 1


@pytest.mark.parametrize(
    "wrap",
    [
        np.array,
        lambda scores: np.array(scores)[:, None],
        gradatim.tensor,
        lambda scores: [Value(score) for score in scores],
    ],
    ids=["array", "column", "tensor", "values"],
)
def test_scores_of_any_kind_are_understood(wrap: Any) -> None:
    drawing = draw.boundary(lambda p: wrap(diagonal(p)), CORNERS, [0, 1, 0, 1], cells=8)
    assert "4 of 4 points on the right side" in texts(drawing)


def test_a_model_without_an_opinion_still_makes_a_picture() -> None:
    drawing = draw.boundary(lambda p: [math.nan for _ in p], CORNERS, [0, 1, 0, 1], cells=4)
    assert "2 of 4 points on the right side" in texts(drawing)


def test_classifiers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="predict got .* points and gave 1 scores"):
        draw.boundary(lambda p: [1.0], CORNERS, [0, 1, 0, 1])
    with pytest.raises(ValueError, match="of two classes; got 4 labels of classes 0, 1, 2"):
        draw.boundary(diagonal, CORNERS, [0, 1, 2, 1])
    with pytest.raises(ValueError, match="points of 2 numbers, got points of 3"):
        draw.boundary(diagonal, [[1, 2, 3], [1, 2, 3]], [0, 1])


def test_between_two_steps_there_is_no_number() -> None:
    shown = texts(draw.curves({"loss": [3.5, 2.5, 2.25]}))
    assert {"0", "1", "2"} <= set(shown)
    assert "1.5" in texts(draw.curves({"loss": ([0.5, 2.5], [3.5, 2.5])}))


# --- one curve alone, bands, and points of data


@pytest.mark.parametrize("wrap", [list, np.array, gradatim.tensor], ids=["list", "array", "tensor"])
def test_a_list_of_losses_alone_is_a_curve_without_a_name(wrap: Any) -> None:
    drawing = draw.curves(wrap([3.0, 2.0, 1.5]))
    assert [t for t in texts(drawing) if t.isalpha()] == ["loss", "step"]
    assert drawing.description == "3 to 1.5"
    assert draw.curves(([0, 5], [1.0, 2.0])).description == "1 to 2"


def test_a_band_reaches_as_far_as_its_widths_and_data_are_dots() -> None:
    data = [(0.5, 1.0), (1.0, 9.0), (1.5, math.nan)]
    drawing = draw.curves({"mean": ([0, 1, 2], [1.0, 2.0, 3.0], [1.0, 1.0, 4.0])}, points=data)
    assert count(drawing, "circle") == 2
    assert any(e.get("opacity") == "0.16" for e in parsed(drawing).iter(f"{SVG}path"))
    numbers = [float(t.replace("−", "-")) for t in texts(drawing) if t.strip("−.").isdigit()]
    assert max(numbers) >= 8.0
    assert min(numbers) == -2.0 or min(numbers) == 0.0


def test_curves_that_are_refused_say_what_was_meant() -> None:
    with pytest.raises(ValueError, match="several curves need names"):
        draw.curves([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(ValueError, match="1 widths for a curve of 2 points"):
        draw.curves(([0, 1], [1.0, 2.0], [1.0]))
    with pytest.raises(ValueError, match=r"pairs \(x, y\), got 3"):
        draw.curves([1.0, 2.0], points=[(1, 2, 3)])
    with pytest.raises(ValueError, match="the curve has 2 places but 1 numbers"):
        draw.curves(([0, 1], [1.0]))


# --- points with names


def test_letters_stand_where_their_points_are_in_the_colours_of_their_groups() -> None:
    kinds = ["vowel", "consonant", "vowel"]
    drawing = draw.scatter(gradatim.eye(3)[:, :2], "abe", groups=kinds, title="Letters")
    colours = {e.text: e.get("fill") for e in parsed(drawing).iter(f"{SVG}text")}
    assert colours["a"] == colours["e"] == colours["vowel"] == BLUE
    assert colours["b"] == colours["consonant"] == ORANGE
    assert drawing.description == "3 points in groups: vowel, consonant"


def test_points_without_names_are_dots_and_long_names_stand_beside_theirs() -> None:
    assert count(draw.scatter([[0, 0], [1, 1], [math.nan, 2]]), "circle") == 2
    named = draw.scatter([[0, 0], [1, 1]], ["emma", "olivia"])
    assert count(named, "circle") == 2
    assert {"emma", "olivia"} <= set(texts(named))
    keyed = draw.scatter([[0, 0], [1, 1]], groups=gradatim.tensor([0, 1]))
    assert {"0", "1"} <= {e.text for e in parsed(keyed).iter(f"{SVG}text") if e.get("fill") == BLUE
                          or e.get("fill") == ORANGE}  # fmt: skip


def test_what_no_plane_can_show_is_refused() -> None:
    with pytest.raises(ValueError, match="pairs"):
        draw.scatter([[1.0, 2.0, 3.0]])
    with pytest.raises(ValueError, match="1 labels for 2 points"):
        draw.scatter([[0, 0], [1, 1]], "a")
    with pytest.raises(ValueError, match="3 groups for 2 points"):
        draw.scatter([[0, 0], [1, 1]], groups="abc")
    with pytest.raises(ValueError, match="up to 5,000"):
        draw.scatter(np.zeros((5001, 2)))


# --- distributions


def test_a_histogram_gives_each_name_its_share_mean_and_deviation() -> None:
    gradatim.manual_seed(0)
    z = gradatim.randn(100, 20, requires_grad=True)
    drawing = draw.histogram({"tanh": z.tanh(), "saturated": (9 * z).tanh()}, title="Gains")
    shown = texts(drawing)
    assert {"tanh", "saturated", "Gains", "share of the numbers"} <= set(shown)
    assert f"std {float(z.tanh().std(correction=0)):.3g}" in " ".join(shown)
    assert drawing.description.startswith("tanh: mean ")


@pytest.mark.parametrize(
    "values",
    [[1.0, 2.0, 2.0], [[1, 2], [2]], np.array([1.0, 2.0, 2.0, math.nan]), [Value(1), Value(2)]],
    ids=["numbers", "rows", "with nan", "Values"],
)
def test_histograms_of_numbers_of_any_kind(values: Any) -> None:
    assert "mean 1." in draw.histogram(values, bins=4).description


def test_equal_numbers_have_a_histogram_too_and_no_number_has_none() -> None:
    assert draw.histogram(gradatim.ones(7)).description == "mean 1, std 0"
    for values in ([], [math.nan], {}):
        with pytest.raises(ValueError, match="nothing to draw"):
            draw.histogram(values)
    with pytest.raises(ValueError, match="bins is 1 to 1,000"):
        draw.histogram([1.0], bins=0)
