"""draw.backward_steps: each picture shows the terms that one operation adds."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradatim import draw
from gradatim.scalar import Value, lol
from tests.draw import student
from tests.draw.reading import parsed, texts


def diamond() -> Value:
    a, b = Value(3.0, label="a"), Value(-2.0, label="b")
    d, e = a * b, a + b
    d.label, e.label = "d", "e"
    f = d * e
    f.label = "f"
    return f


def test_lol_takes_a_start_and_three_steps() -> None:
    steps = draw.backward_steps(lol())
    assert len(steps) == 4
    assert "L.grad = 1.000" in texts(steps[0])
    assert "Step 1 of 3: L = d * w2, L.grad = 1.000" in texts(steps[1])
    assert {"d.grad += L.grad * w2", "= 1.000 * -2.000 = -2.000"} <= set(texts(steps[1]))
    assert {"w2.grad += L.grad * d", "= 1.000 * 4.000 = 4.000"} <= set(texts(steps[1]))
    assert {"e.grad += d.grad * 1.0", "w1.grad += d.grad * 1.0"} <= set(texts(steps[2]))
    assert {"x1.grad += e.grad * x2", "= -2.000 * -3.000 = 6.000"} <= set(texts(steps[3]))


def test_a_value_used_twice_shows_both_terms_and_their_sum() -> None:
    steps = draw.backward_steps(diamond())
    shown = [text for step in steps for text in texts(step)]
    assert "a.grad += e.grad * 1.0" in shown
    assert "a.grad += d.grad * b" in shown
    assert "a.grad = (-6.000) + (-2.000) = -8.000" in shown
    assert "b.grad = (-6.000) + 3.000 = -3.000" in shown


def test_a_value_times_itself_gets_one_term_for_each_use() -> None:
    a = Value(3.0, label="a")
    last = draw.backward_steps(a * a)[-1]
    assert texts(last).count("a.grad += v1.grad * a") == 2
    assert "a.grad = 3.000 + 3.000 = 6.000" in texts(last)


def test_nothing_moves_from_picture_to_picture() -> None:
    steps = draw.backward_steps(diamond())
    assert len({(step.width, step.height) for step in steps}) == 1
    boxes = [
        [
            (e.get("x"), e.get("y"), e.get("width"))
            for e in parsed(step).iter()
            if e.get("rx") == "6"
        ]
        for step in steps
    ]
    assert all(places == boxes[0] for places in boxes)


def test_the_gradients_in_the_graph_are_neither_used_nor_changed() -> None:
    loss = lol()
    draw.backward_steps(loss)
    assert not any(value.has_grad for value in loss.graph())
    loss.backward()
    before = [value.grad for value in loss.graph()]
    assert "d.grad += L.grad * w2" in texts(draw.backward_steps(loss)[1])
    assert [value.grad for value in loss.graph()] == before


@settings(max_examples=30)
@given(st.lists(st.sampled_from("+*-/et2"), min_size=1, max_size=10), st.integers(0, 3))
def test_the_last_picture_has_the_gradients_of_backward(operations: list[str], start: int) -> None:
    values = [Value(0.5 + 0.25 * (i + start), label=f"a{i}") for i in range(3)]
    for i, operation in enumerate(operations):
        a, b = values[-1], values[i % len(values)]
        made = {
            "+": lambda a=a, b=b: a + b,
            "*": lambda a=a, b=b: a * b,
            "-": lambda a=a, b=b: a - b,
            "/": lambda a=a, b=b: a / (b * b + 1.0),
            "e": lambda a=a: (a * 0.1).exp(),
            "t": lambda a=a: a.tanh(),
            "2": lambda a=a: a**2,
        }
        values.append(made[operation]())
    out = values[-1]
    shown = texts(draw.backward_steps(out)[-1])
    out.backward()
    plain = texts(draw.graph(out))
    gradients = [b for a, b in pairwise(plain) if a == "grad"]
    drawn = [b for a, b in pairwise(shown) if a == "grad"]
    assert drawn == gradients


def test_the_value_a_student_writes_is_measured_and_put_back() -> None:
    a, b = student.Value(3.0, label="a"), student.Value(-2.0, label="b")
    out = a * b + a * a
    a.grad = 7.0
    steps = draw.backward_steps(out)
    shown = [text for step in steps for text in texts(step)]
    assert "a.grad = 3.000 + 3.000 + (-2.000) = 4.000" in shown or (
        "a.grad = (-2.000) + 3.000 + 3.000 = 4.000" in shown
    )
    assert (a.grad, b.grad, out.grad) == (7.0, 0.0, 0.0)


def test_it_is_a_sequence_and_can_be_saved_as_a_strip_or_a_folder(tmp_path: Path) -> None:
    steps = draw.backward_steps(lol())
    assert [step.title for step in steps] == [steps[i].title for i in range(4)]
    assert len(steps[1:3]) == 2
    assert repr(steps) == "<Drawings: Backward through L, step by step, 4 pictures>"
    strip = steps.save(tmp_path / "steps.svg")
    text = strip.read_text(encoding="utf-8")
    assert all(step.title in text for step in steps)
    assert steps._repr_svg_() == text
    folder = steps.save(tmp_path / "steps")
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["step-00.svg", "step-01.svg", "step-02.svg", "step-03.svg"]


def test_too_many_operations_and_other_things_are_refused() -> None:
    total = Value(0.0)
    for _ in range(61):
        total = total + 1.0
    with pytest.raises(ValueError, match="61 operations is more than can be read"):
        draw.backward_steps(total)
    with pytest.raises(TypeError, match="a scalar Value, got int"):
        draw.backward_steps(3)


def test_a_class_without_slopes_is_told_so() -> None:
    class Bare:
        def __init__(self, *children: "Bare") -> None:
            self.data, self.grad, self._op = 1.0, 0.0, "f" if children else ""
            self._children = children

    with pytest.raises(TypeError, match="Bare has neither slopes\\(\\) nor _backward\\(\\)"):
        draw.backward_steps(Bare(Bare()))
