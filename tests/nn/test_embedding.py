"""Tables of vectors: rows that may not be long, and gradients by how often a row is asked for."""

import numpy as np
import pytest

import gradatim as g
from gradatim import nn, optim
from gradatim.core.errors import AutogradError, IndexOutOfRange
from gradatim.nn import functional as F

ROWS = [[3.0, 4.0], [0.0, 1.0], [0.75, 0.75], [6.0, 8.0]]
SHORT = [[0.6, 0.8], [0.0, 1.0], [0.5**0.5, 0.5**0.5], [6.0, 8.0]]  # but the last, which nobody saw
INDEX = [[0, 1], [2, 0]]


def close(found, want):
    np.testing.assert_allclose(found.numpy(), want, rtol=1e-6)


@pytest.mark.parametrize("compiled", [False, True])
def test_rows_that_are_asked_for_are_shortened_in_the_table(compiled):
    def look(index, table):
        return F.embedding(index, table, max_norm=1.0)

    look = g.compile(look) if compiled else look
    table = g.tensor(ROWS).requires_grad_()
    found = look(g.tensor(INDEX), table)
    close(found.detach(), np.array(SHORT)[np.array(INDEX)])
    close(table.detach(), SHORT)
    found.sum().backward()
    assert table.grad.tolist() == [[2.0, 2.0], [1.0, 1.0], [1.0, 1.0], [0.0, 0.0]]
    before = table.tolist()
    look(g.tensor([2, 1, 2]), table)
    assert table.tolist() == before  # to the last bit


@pytest.mark.parametrize(
    ("norm_type", "length"), [(1.0, 7.0), (3.0, 91 ** (1 / 3)), (float("inf"), 4.0), (0, 2.0)]
)
def test_lengths_of_any_order(norm_type, length):
    table = g.tensor(ROWS)
    found = F.embedding(g.tensor(0), table, max_norm=1.5, norm_type=norm_type)
    close(found, np.array(ROWS[0]) * 1.5 / length)


@pytest.mark.parametrize("norm_type", [float("inf"), float("-inf"), -1.0])
def test_rows_without_numbers_have_no_largest_or_smallest(norm_type):
    table = nn.Embedding(4, 0, max_norm=1.0, norm_type=norm_type)
    with pytest.raises(RuntimeError, match="of shape .* hold no element"):
        table(g.tensor([1]))
    assert table(g.zeros(0, dtype=g.int64)).shape == (0, 0)
    assert nn.Embedding(4, 0, max_norm=1.0)(g.tensor([1])).shape == (1, 0)


@pytest.mark.parametrize("norm_type", ["fro", None])
def test_an_order_that_is_no_number_is_refused(norm_type):
    with pytest.raises(TypeError, match="norm_type must be a number, got "):
        F.embedding(g.tensor([0]), g.tensor(ROWS), max_norm=1.0, norm_type=norm_type)


def test_what_is_out_of_range_changes_no_row():
    table = g.tensor(ROWS)
    for index in ([0, 4], [0, -1]):
        with pytest.raises(IndexOutOfRange, match=rf"index {index[1]} is out of range: the table"):
            F.embedding(g.tensor(index), table, max_norm=1.0)
    assert table.tolist() == ROWS
    assert F.embedding(g.zeros(0, dtype=g.int64), table, max_norm=1.0).shape == (0, 2)


def test_shortening_counts_as_a_write():
    table = g.tensor(ROWS, requires_grad=True)
    square = (table * table).sum()
    F.embedding(g.tensor([0]), table, max_norm=1.0)
    with pytest.raises(AutogradError, match="but it was overwritten in place since"):
        square.backward()


@pytest.mark.parametrize("padding_idx", [None, 1])
@pytest.mark.parametrize("compiled", [False, True])
def test_a_row_s_gradient_is_the_mean_of_its_places(compiled, padding_idx):
    def slope(index, table, back):
        found = F.embedding(index, table, padding_idx, scale_grad_by_freq=True)
        return g.autograd.grad(found, table, back)[0]

    slope = g.compile(slope) if compiled else slope
    back = g.arange(12.0).reshape(2, 3, 2) + 1
    found = slope(g.tensor([[0, 3, 0], [1, 0, 3]]), g.tensor(ROWS, requires_grad=True), back)
    padded = [7.0, 8.0] if padding_idx is None else [0.0, 0.0]
    close(found, [[5.0, 6.0], padded, [0.0, 0.0], [7.0, 8.0]])  # PyTorch's


def test_its_second_gradient_is_scaled_too():
    table, back = g.tensor(ROWS, requires_grad=True), g.ones(3, 2, requires_grad=True)
    found = F.embedding(g.tensor([0, 0, 1]), table, scale_grad_by_freq=True)
    (slope,) = g.autograd.grad(found, table, back, create_graph=True)
    (second,) = g.autograd.grad(slope.square().sum(), back)
    assert second.tolist() == [[1.0, 1.0], [1.0, 1.0], [2.0, 2.0]]


def test_a_table_with_settings_trains_compiled_as_without():
    def trained(compile):
        g.manual_seed(3)
        model = nn.Sequential(nn.Embedding(5, 4, 0, 1.0, 1.0, True), nn.Linear(4, 5))
        optimizer = optim.SGD(model.parameters(), lr=0.5)

        def step(x, y):
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        step = compile(step)
        x, y = g.tensor([0, 1, 2, 1, 4]), g.tensor([1, 2, 3, 4, 0])
        return [step(x, y).item() for _ in range(5)], model[0].weight.detach()

    (losses, table), (other_losses, other_table) = trained(g.compile), trained(lambda step: step)
    np.testing.assert_allclose(losses, other_losses, rtol=1e-5)
    close(table, other_table.numpy())
    assert table[0].tolist() == [0.0] * 4


def test_given_rows_are_shared_and_frozen_unless_told():
    rows = g.tensor(ROWS)
    table = nn.Embedding.from_pretrained(rows, max_norm=1.0)
    assert repr(table) == "Embedding(4, 2, max_norm=1.0)"
    close(table(g.tensor(3)), [0.6, 0.8])
    close(rows[3], [0.6, 0.8])
    assert not table.weight.requires_grad
    assert nn.Embedding(4, 2, _weight=rows).weight.requires_grad
    assert nn.Embedding.from_pretrained(rows, padding_idx=-1).padding_idx == 3
