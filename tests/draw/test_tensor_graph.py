"""draw.graph of tensors: shapes, numbers and gradients of every operation, folded by module."""

from itertools import pairwise
from typing import Any

import pytest

import gradatim
from gradatim import draw, nn
from gradatim.draw import Drawing
from gradatim.scalar import Value
from tests.draw.reading import fills, texts

PARAMETER, INPUT, RESULT, FOLDED = "#fff1d6", "#eef2f7", "#e4effb", "#eeeaf8"


def two_layers() -> tuple[dict[str, gradatim.Tensor], gradatim.Tensor]:
    x = gradatim.tensor([[1.0, 2.0, 3.0], [0.5, -1.0, 2.0]])
    named = {
        "W1": gradatim.tensor([[0.1, -0.2], [0.3, 0.4], [-0.5, 0.6]], requires_grad=True),
        "b1": gradatim.tensor([0.1, 0.2], requires_grad=True),
        "W2": gradatim.tensor([[1.0], [-1.0]], requires_grad=True),
    }
    h = (x @ named["W1"] + named["b1"]).tanh()
    return named, ((h @ named["W2"]) ** 2).mean()


def rows(drawing: Drawing, name: str) -> list[str]:
    shown = texts(drawing)
    return [after for before, after in pairwise(shown) if before == name]


def test_every_operation_shows_shape_data_and_gradient() -> None:
    named, loss = two_layers()
    before = draw.graph(loss, named)
    assert {"W1", "b1", "W2", "tanh", "@", "+", "mean"} <= set(texts(before))
    assert {"3 × 2", "2 × 2", "2 × 1", "2"} <= set(rows(before, "shape"))
    assert set(rows(before, "grad")) == {"not computed"}
    assert "not kept" not in texts(before)
    loss.backward(retain_graph=True)
    after = draw.graph(loss, named)
    assert "not computed" not in texts(after)
    assert "not kept" not in texts(after)
    assert "1.000" in rows(after, "grad")
    assert rows(after, "data") == rows(before, "data")


def test_gradients_on_the_way_are_right() -> None:
    x = gradatim.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * 2.0
    y.retain_grad()
    loss = (y * y).sum()
    loss.backward(retain_graph=True)
    assert y.grad is not None
    shown = rows(draw.graph(loss), "grad")
    assert ", ".join(f"{g:.3g}" for g in y.grad.tolist()) in shown
    assert "8, 16, 24" in shown
    assert y.grad.tolist() == [4.0, 8.0, 12.0]  # drawing did not add to it


def test_drawing_runs_no_hook_and_changes_no_gradient() -> None:
    x = gradatim.tensor([1.0, 2.0], requires_grad=True)
    called = []
    y = x * x
    y.register_hook(called.append)
    loss = y.sum()
    loss.backward(retain_graph=True)
    assert x.grad is not None
    before = x.grad.tolist()
    draw.graph(loss)
    assert x.grad.tolist() == before
    assert len(called) == 1
    loss.backward()  # the tape is as it was


def test_what_backward_has_freed_is_said_to_be_so() -> None:
    named, loss = two_layers()
    loss.backward()
    drawing = draw.graph(loss, named)
    assert "not kept" in texts(drawing)
    assert any("backward(retain_graph=True) keeps it" in text for text in texts(drawing))
    assert "3 × 2" in texts(drawing)  # parameters are still there, with their gradients
    assert "not computed" not in texts(drawing)


def test_parameters_inputs_and_the_result_have_their_colours() -> None:
    named, loss = two_layers()
    drawing = draw.graph(loss, named)
    assert fills(drawing).count(PARAMETER) == 3 + 1
    assert fills(drawing).count(INPUT) == 1 + 1
    assert fills(drawing).count(RESULT) == 1 + 1


def test_a_model_gives_names_and_is_folded() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    loss = (model(gradatim.ones(5, 3)) ** 2).mean()
    opened, folded = draw.graph(loss, model), draw.graph(loss, model, fold=True)
    assert {"0.weight", "0.bias", "2.weight", "2.bias"} <= set(texts(opened))
    assert fills(folded).count(FOLDED) == 2 + 1
    assert texts(folded).count("Linear") == 2
    assert {"16 parameters", "5 parameters", "tanh"} <= set(texts(folded))
    assert "0.weight" not in texts(folded)


def test_integers_are_shown_from_the_least_to_the_greatest() -> None:
    table = gradatim.ones(5, 2, requires_grad=True)
    several, one = gradatim.tensor([0, 4, 2]), gradatim.tensor([3])
    assert "0 … 4" in rows(draw.graph(table[several].sum()), "data")
    assert "3" in rows(draw.graph(table[one].sum()), "data")


def test_a_tensor_without_history_says_why() -> None:
    with pytest.raises(ValueError, match="this tensor has no graph.*requires_grad=True"):
        draw.graph(gradatim.ones(3))


def test_a_leaf_is_a_graph_of_one() -> None:
    leaf = gradatim.ones(3, requires_grad=True)
    assert "3" in rows(draw.graph(leaf), "shape")


class TwoMultiples(gradatim.autograd.Function):
    """An operation of one's own, with two results."""

    @staticmethod
    def forward(ctx: Any, x: gradatim.Tensor) -> tuple[gradatim.Tensor, gradatim.Tensor]:
        return x * 2.0, x * 3.0

    @staticmethod
    def backward(ctx: Any, g: gradatim.Tensor, h: gradatim.Tensor) -> gradatim.Tensor:
        return g * 2.0 + h * 3.0


def test_an_operation_of_ones_own_with_two_results_is_one_node() -> None:
    x = gradatim.ones(2, requires_grad=True)
    double, triple = TwoMultiples.apply(x)
    loss = (double * triple).sum()
    loss.backward(retain_graph=True)
    drawing = draw.graph(loss)
    assert texts(drawing).count("TwoMultiples") == 1
    assert rows(drawing, "gives") == ["2 tensors"]
    assert "12, 12" in rows(drawing, "grad")
    assert "not kept" not in texts(drawing)


class Twice(gradatim.autograd.Function):
    """An operation of one's own, whose result nothing keeps."""

    @staticmethod
    def forward(ctx: Any, x: gradatim.Tensor) -> gradatim.Tensor:
        return x * 2.0

    @staticmethod
    def backward(ctx: Any, g: gradatim.Tensor) -> gradatim.Tensor:
        return g * 2.0


def test_what_no_gradient_needs_is_said_not_to_be_kept() -> None:
    x = gradatim.ones(2, requires_grad=True)
    loss = Twice.apply(x).sum()
    loss.backward(retain_graph=True)
    shown = texts(draw.graph(loss))
    assert "not kept: no gradient needs it" in shown
    assert "2, 2" in shown


def test_backward_steps_is_for_scalars() -> None:
    with pytest.raises(TypeError, match="a scalar Value, got Tensor"):
        draw.backward_steps(gradatim.ones(1, requires_grad=True))
    assert len(draw.backward_steps(Value(1.0) * 2.0)) == 2
