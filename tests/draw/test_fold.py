"""Folding: a large graph shows one node for each module."""

import random

import pytest

from gradatim import draw
from gradatim.scalar import MLP, Value, four_samples, squared_error
from tests.draw import student
from tests.draw.reading import fills, texts

FOLDED, PARAMETER = "#eeeaf8", "#fff1d6"
SAMPLES = list(zip(*four_samples(), strict=True))


def sample_of(net: MLP) -> Value:
    out = net([2.0, 3.0, -1.0])
    assert isinstance(out, Value)
    out.label = "y"
    return out


def net() -> MLP:
    return MLP(3, [4, 4, 1], rng=random.Random(1))


def test_a_fold_shows_neurons_with_what_they_hold_and_give() -> None:
    out = sample_of(net())
    out.backward()
    drawing = draw.graph(out, fold=True)
    shown = texts(drawing)
    assert fills(drawing).count(FOLDED) == 9 + 1
    assert shown.count("4 parameters") == 4
    assert shown.count("5 parameters") == 5
    assert {"layer1.n1", "layer2.n4", "layer3.n1 → y", "x1", "x2", "x3"} <= set(shown)
    assert f"{out.data:.4g}" in shown


def test_a_number_folds_the_levels_from_the_outside() -> None:
    drawing = draw.graph(sample_of(net()), fold=1)
    shown = texts(drawing)
    assert fills(drawing).count(FOLDED) == 3 + 1
    assert {"16 parameters", "20 parameters", "5 parameters"} <= set(shown)


def test_the_module_gives_the_names_of_the_classes() -> None:
    model = net()
    shown = texts(draw.graph(sample_of(model), model, fold=True))
    assert shown.count("Neuron") == 9
    assert "layer1.n1" in shown
    assert texts(draw.graph(sample_of(model), model, fold=1)).count("Layer") == 3


def test_a_large_graph_is_folded_by_itself_and_a_small_one_is_not() -> None:
    model = net()
    loss = squared_error(model, SAMPLES)
    folded, opened = draw.graph(loss), draw.graph(loss, fold=False)
    assert fills(folded).count(FOLDED) == 9 + 1
    assert fills(opened).count(FOLDED) == 0
    assert fills(opened).count(PARAMETER) == 41 + 1
    assert fills(draw.graph(sample_of(model))).count(FOLDED) == 0


def test_a_neuron_used_for_four_samples_is_one_node_that_gives_four_values() -> None:
    shown = texts(draw.graph(squared_error(net(), SAMPLES)))
    assert shown.count("4 values") == 9


def test_the_network_a_student_writes_is_folded_by_its_attributes() -> None:
    model = student.MLP(2, 3, 1)
    (out,) = model([student.Value(1.0, label="x1"), student.Value(2.0, label="x2")])
    drawing = draw.graph(out, model, fold=True)
    assert fills(drawing).count(FOLDED) == 4 + 1
    assert {"layers.0.neurons.0", "layers.1.neurons.0", "Neuron"} <= set(texts(drawing))


def test_a_module_that_works_on_its_own_result_becomes_one_node() -> None:
    neuron = student.Neuron([0.5], 0.1)
    cell = student.MLP()
    cell.layers = [neuron]
    x = student.Value(1.0, label="x")
    out = neuron([neuron([neuron([x])])])
    drawing = draw.graph(out, cell, fold=True)
    assert fills(drawing).count(FOLDED) == 1 + 1
    assert "x" in texts(drawing)


def test_folding_without_a_module_says_what_to_pass() -> None:
    a = Value(1.0, label="a")
    with pytest.raises(ValueError, match=r"draw.graph\(loss, model, fold=True\)"):
        draw.graph(a * 2.0, fold=True)
    with pytest.raises(ValueError, match="counts levels from 1, not -1"):
        draw.graph(sample_of(net()), fold=-1)
