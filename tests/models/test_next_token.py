"""Filters of sampling: what they keep, whatever the logits are."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradatim
from gradatim.models.next_token import Choice, top_k, top_p

LOGITS = st.lists(st.floats(-20, 20, width=32, allow_subnormal=False), min_size=1, max_size=12).map(
    lambda row: gradatim.tensor([row])
)
EASY = settings(deadline=None, derandomize=True, max_examples=80)


def kept(filtered):
    return np.isfinite(filtered.numpy())[0]


def probabilities(logits):
    return logits.double().softmax(-1).numpy()[0]


@EASY
@given(LOGITS, st.integers(1, 14))
def test_top_k_keeps_the_k_largest_and_their_equals(logits, k):
    found, row = kept(top_k(logits, k)), logits.numpy()[0]
    least = np.sort(row)[::-1][min(k, len(row)) - 1]
    np.testing.assert_array_equal(found, row >= least)
    np.testing.assert_array_equal(top_k(logits, k).numpy()[0][found], row[found])


@EASY
@given(LOGITS, st.floats(0.01, 0.99))
def test_top_p_keeps_enough_and_not_one_too_many(logits, p):
    found, each = kept(top_p(logits, p)), probabilities(logits)
    assert found.any()
    assert each[found].sum() >= p - 1e-5
    equals = each < each.min() * (1 + 1e-5)  # in float32
    assert not found.all() or each[~equals].sum() < p + 1e-5
    if not found.all():
        assert each[~found].max() < each[found].min() + 1e-9  # nobody kept is less likely
    least = each[found].min()
    assert each[each > least * (1 + 1e-5)].sum() < p + 1e-5  # without the last it would not do


@EASY
@given(LOGITS, st.floats(0.1, 5))
def test_temperature_alone_divides(logits, temperature):
    out = Choice().filtered(logits, temperature)
    np.testing.assert_allclose(out.numpy(), logits.numpy() / temperature, rtol=1e-5)


@EASY
@given(LOGITS, st.integers(1, 5), st.floats(0.1, 0.9), st.integers(0, 1000))
def test_what_is_drawn_was_kept(logits, k, p, seed):
    choice = Choice(top_k=k, top_p=p)
    token = int(choice(logits, 0.7, gradatim.Generator().manual_seed(seed)))
    assert kept(choice.filtered(logits, 0.7))[token]


@pytest.mark.parametrize("p", [5e-324, 1e-300, 1e-45, 1e-39])
def test_a_p_that_float32_takes_for_0_leaves_the_likeliest(p):
    logits = gradatim.tensor([[1.0, 3.0, 2.0]])
    assert kept(top_p(logits, p)).tolist() == [False, True, False]
    assert kept(gradatim.compile(lambda x: top_p(x, p))(logits)).tolist() == [False, True, False]


def test_rows_are_filtered_each_by_itself_and_compiled_alike():
    rows = gradatim.randn(5, 9, generator=gradatim.Generator().manual_seed(1))
    for choice in (Choice(top_k=3), Choice(top_p=0.6), Choice(top_k=4, top_p=0.8)):
        both = choice.filtered(rows, 1.0)
        for row, found in zip(rows, both, strict=True):
            np.testing.assert_array_equal(choice.filtered(row, 1.0), found)
        compiled = gradatim.compile(lambda x, choice=choice: choice.filtered(x, 1.0))(rows)
        np.testing.assert_array_equal(compiled.numpy(), both.numpy())


def test_no_filter_and_the_widest_filter_are_the_same():
    logits = gradatim.tensor([[1.0, -math.inf, 2.0]])
    for choice in (Choice(), Choice(top_k=3), Choice(top_p=1.0), Choice(top_k=99, top_p=1.0)):
        np.testing.assert_array_equal(choice.filtered(logits, 1.0), logits)


@pytest.mark.parametrize(
    ("settings_", "message"),
    [({"top_k": 0}, "top_k must be at least 1, got 0"), ({"top_p": 0.0}, "top_p must be above 0"),
     ({"top_p": 1.5}, "at most 1, got 1.5")],
)  # fmt: skip
def test_limits_that_leave_nothing_are_refused(settings_, message):
    with pytest.raises(ValueError, match=message):
        Choice(**settings_)
