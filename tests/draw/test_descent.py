"""draw.descent: paths that are too slow, right, and diverge, on curves and contours."""

import math

import numpy as np
import pytest

from gradatim import draw
from gradatim.scalar import Value, lol
from tests.draw.reading import count, parsed, texts

ACCENT = "#c2255c"


def parabola(x: float) -> float:
    return x**2 + 1


def bowl(x: float, y: float) -> float:
    return x**2 / 2 + 3 * y**2 + x * y


def test_three_rates_make_three_panels_that_say_how_it_went() -> None:
    drawing = draw.descent(parabola, 3.0, lr=[0.02, 0.2, 1.05], steps=15)
    shown = texts(drawing)
    assert {"lr = 0.02", "lr = 0.2", "lr = 1.05"} <= set(shown)
    assert [word for text in shown for word in text.split(":")[:1] if "after 15 steps" in text] == [
        "on the way",
        "arrives",
        "diverges",
    ]


def test_a_step_is_the_rate_times_the_slope() -> None:
    shown = texts(draw.descent(parabola, 3.0, lr=0.1, steps=1))
    assert any("f = 6.76 after 1 step" in text for text in shown)  # (3 - 0.1 * 6)**2 + 1


def test_lol_descends_on_its_weights() -> None:
    drawing = draw.descent(lambda w1, w2: lol(2.0, -3.0, w1, w2), (10.0, -2.0), lr=0.01, steps=1)
    assert any("f = -8.201 after" in text for text in texts(drawing))


def test_a_function_of_two_numbers_is_drawn_by_contours() -> None:
    drawing = draw.descent(bowl, (3.0, 1.6), lr=[0.05, 0.34], steps=20)
    assert count(drawing, "path", **{"stroke-width": "0.8"}) == 24
    assert any(text.startswith("diverges") for text in texts(drawing))


def test_a_function_that_loses_the_graph_is_differentiated_by_nudging() -> None:
    # math.sin of a Value is a plain number: by backward() alone its slope would be missing.
    drawing = draw.descent(lambda x: math.sin(x) + x * x, 1.0, lr=0.1, steps=1)
    x = 1.0 - 0.1 * (math.cos(1.0) + 2.0)
    assert any(f"f = {math.sin(x) + x * x:.4g}" in text for text in texts(drawing))


def test_a_function_of_values_only_works_too() -> None:
    drawing = draw.descent(lambda x: (Value(2.0) * x).tanh(), 0.5, lr=0.1, steps=3)
    assert any("after 3 steps" in text for text in texts(drawing))


def test_a_path_that_diverges_is_cut_at_the_frame() -> None:
    drawing = draw.descent(parabola, 3.0, lr=[0.1, 30.0], steps=1000)
    for element in parsed(drawing).iter():
        for name in ("d", "cx", "cy"):
            for number in element.get(name, "").replace("M", " ").replace("L", " ").split():
                assert -10 < float(number.rstrip("Z")) < 1000
    assert any(text.startswith("diverges") for text in texts(drawing))


def test_every_point_in_the_frame_has_a_dot() -> None:
    drawing = draw.descent(parabola, 3.0, lr=0.1, steps=12)
    assert count(drawing, "circle", fill=ACCENT) == 13


@pytest.mark.parametrize("start", [3, 3.0, [3.0], np.float32(3.0), np.array(3.0), Value(3.0)])
def test_a_start_may_be_any_kind_of_number(start: object) -> None:
    assert any("f = 6.76" in t for t in texts(draw.descent(parabola, start, lr=0.1, steps=1)))


@pytest.mark.parametrize(
    ("x0", "lr", "steps", "message"),
    [
        ([1.0, 2.0, 3.0], 0.1, 5, "one finite number or from two"),
        (math.nan, 0.1, 5, "one finite number or from two"),
        (1.0, [], 5, "1 to 6 finite rates"),
        (1.0, math.inf, 5, "1 to 6 finite rates"),
        (1.0, 0.1, 0, "1 to 10,000 steps, got 0"),
    ],
)
def test_bad_starts_rates_and_steps_are_refused(
    x0: object, lr: float, steps: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        draw.descent(parabola, x0, lr=lr, steps=steps)


def test_an_error_in_the_function_comes_through() -> None:
    def broken(x: float) -> float:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        draw.descent(broken, 1.0)
