import pytest

import gradatim as g
from gradatim.nn.utils.rnn import pad_sequence, unpad_sequence
from gradatim.utils.data import DataLoader

ROWS = [g.tensor([1, 2, 3]), g.tensor([4]), g.tensor([5, 6])]


def test_shorter_rows_are_filled_up():
    assert pad_sequence(ROWS).tolist() == [[1, 4, 5], [2, 0, 6], [3, 0, 0]]
    assert pad_sequence(ROWS, batch_first=True, padding_value=-1).tolist() == [
        [1, 2, 3],
        [4, -1, -1],
        [5, 6, -1],
    ]
    left = pad_sequence(ROWS, True, padding_side="left")
    assert left.tolist() == [[1, 2, 3], [0, 0, 4], [0, 5, 6]]
    assert pad_sequence([g.ones(2, 3), g.ones(4, 3)]).shape == (4, 2, 3)


def test_it_can_be_undone_and_has_a_gradient():
    padded, lengths = pad_sequence(ROWS), g.tensor([3, 1, 2])
    assert [r.tolist() for r in unpad_sequence(padded, lengths)] == [r.tolist() for r in ROWS]
    x = g.ones(2, requires_grad=True)
    (pad_sequence([x, g.zeros(3)]) * 2).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_a_loader_collates_with_it():
    (batch,) = DataLoader(ROWS, batch_size=3, collate_fn=lambda b: pad_sequence(b, True))
    assert batch.shape == (3, 3)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: pad_sequence([]), "needs at least one sequence"),
        (lambda: pad_sequence(ROWS, padding_side="top"), '"left" or "right", got \'top\''),
        (lambda: pad_sequence([g.ones(2, 3), g.ones(2, 4)]), r"got shapes \[2, 3\] and \[2, 4\]"),
        (lambda: pad_sequence([[1, 2]]), "expects a tensor as sequences, got list"),
    ],
)
def test_what_does_not_fit_is_refused(call, says):
    with pytest.raises((ValueError, RuntimeError, TypeError), match=says):
        call()
