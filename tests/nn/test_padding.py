"""Padding: NumPy's numbers in every mode, gradients, machine code, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradatim as g
import gradatim.nn.functional as F
from gradatim.autograd import gradcheck
from gradatim.core.errors import ArgumentError, ShapeError

NUMPYS = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@settings(deadline=None, derandomize=True, max_examples=100)
@given(
    st.sampled_from(sorted(NUMPYS)),
    st.lists(st.integers(0, 3), min_size=4, max_size=4),
    st.tuples(st.integers(0, 2), st.integers(4, 5), st.integers(4, 5)),
)
def test_each_mode_gives_numpys_numbers(mode, widths, shape):
    x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    left, right, top, bottom = widths
    theirs = np.pad(x, ((0, 0), (top, bottom), (left, right)), mode=NUMPYS[mode])
    np.testing.assert_array_equal(F.pad(g.tensor(x), widths, mode), theirs)


@pytest.mark.parametrize("mode", NUMPYS)
def test_a_compiled_padding_has_its_numbers_and_gradients(mode):
    x = g.randn(2, 3, 4, dtype=g.float64, requires_grad=True)

    def padded(x):
        return F.pad(x, (2, -1, 1, 2), mode)

    assert gradcheck(padded, [x])

    def loss():
        y = padded(x)
        return y, g.autograd.grad((y * y).sum(), x)[0]

    program = g.compile(loss)
    for mine, plain in zip(program(), loss(), strict=True):
        assert g.equal(mine.detach(), plain.detach())
    assert " 0 by NumPy" in program.explain(stage="schedule")


def test_the_result_is_memory_of_its_own_where_numbers_are_added():
    x = g.zeros(1, 3)
    F.pad(x, (1, 1)).fill_(1.0)
    assert x.sum() == 0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (((1, 2, 3),), ArgumentError, "two numbers for each dimension, got 3"),
        ((1,), TypeError, "takes a tuple of integers"),
        (((1,) * 6,), ShapeError, "6 numbers are for more dimensions than 2"),
        (((1, 1), "mirror"), ArgumentError, "one of constant, reflect, .*, got 'mirror'"),
        (((1, 1), "reflect", 2.0), ArgumentError, 'mode "reflect" takes no value, got 2.0'),
        (((1, 1, 1, 1), "reflect"), ArgumentError, "one or two more, not 2 of 2"),
        (((3, 0), "reflect"), ShapeError, 'size 3, and mode "reflect" can add 2 on each side'),
        (((0, 4), "circular"), ShapeError, 'mode "circular" can add 3 on each side, not 4'),
        (((-2, -2),), ShapeError, "takes 4 from dimension 1, of size 3"),
        (((-2, -1), "replicate"), ShapeError, 'mode "replicate" leaves nothing of dimension 1'),
    ],
)
def test_what_cannot_be_padded_says_why(arguments, error, message):
    with pytest.raises(error, match=message):
        F.pad(g.zeros(2, 3), *arguments)
