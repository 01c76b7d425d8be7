"""Examples made of words, against the lecture's loops."""

import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradatim.data import UnknownCharacter, names
from gradatim.data.names import Vocabulary

some_words = st.lists(st.text("abcλ🚀", min_size=1, max_size=9), max_size=20)


def lecture_loop(words, block_size, vocabulary):
    """The blocks of the makemore lecture, word for word."""
    X, Y = [], []
    for word in words:
        context = [0] * block_size
        for character in word + ".":
            number = vocabulary.characters.index(character)
            X.append(context)
            Y.append(number)
            context = [*context[1:], number]
    return np.array(X, np.int64).reshape(len(Y), block_size), np.array(Y, np.int64)


@given(some_words, st.integers(1, 12))
def test_contexts_are_the_lectures(words, block_size):
    vocabulary = Vocabulary(".abcλ🚀")
    X, Y = names.contexts(words, block_size, vocabulary)
    expected_X, expected_Y = lecture_loop(words, block_size, vocabulary)
    np.testing.assert_array_equal(X, expected_X)
    np.testing.assert_array_equal(Y, expected_Y)
    assert X.dtype == Y.dtype == np.int64


@given(some_words)
def test_pairs_are_all_neighbours(words):
    vocabulary = Vocabulary(".abcλ🚀")
    text = [f".{word}." for word in words]
    expected = [
        (vocabulary.characters.index(a), vocabulary.characters.index(b))
        for word in text
        for a, b in pairwise(word)
    ]
    first, second = names.pairs(words, vocabulary)
    assert list(zip(first.tolist(), second.tolist(), strict=True)) == expected


def test_the_slides_first_rows():
    X, Y = names.contexts(["ebony"], 3, names.load().vocabulary)
    assert X[:3].tolist() == [[0, 0, 0], [0, 0, 5], [0, 5, 2]]
    assert Y.tolist() == [5, 2, 15, 14, 25, 0]


def test_all_embedded_names_take_a_moment():
    words = names.load()
    names.contexts(words.words[:10], 3, words.vocabulary)
    seconds = []
    for _ in range(3):  # of this process: others may be busy
        start = time.process_time()
        X, Y = names.contexts(words.words, 3, words.vocabulary)
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.3
    assert X.shape == (214_764, 3)
    assert Y.shape == (214_764,)


def test_rows_are_drawn_by_number():
    words = names.load()
    rows = words.rows(4)
    X, Y = names.contexts(words.words, 4, words.vocabulary)
    index = np.array([7, 0, 214_763, 7])
    np.testing.assert_array_equal(rows[index][0], X[index])
    np.testing.assert_array_equal(rows[index][1], Y[index])
    np.testing.assert_array_equal(rows[10:20][0], X[10:20])
    assert len(rows) == len(Y)


def test_batches_cover_all_rows_in_order():
    rows = names.load().rows(2)
    batches = list(rows.batches(50_000))
    assert [len(Y) for _, Y in batches] == [50_000] * 4 + [14_764]
    np.testing.assert_array_equal(np.concatenate([Y for _, Y in batches]), rows.Y)


def test_some_examples_are_spread_over_all():
    rows = names.load().rows(2)
    assert rows.some(3).tolist() == [0, 71_588, 143_176]
    np.testing.assert_array_equal(rows.some(10**9), np.arange(len(rows)))
    assert rows.some(0).tolist() == []


def test_a_context_needs_a_character():
    with pytest.raises(ValueError, match="block_size is 0; a context has at least one character"):
        names.contexts(["ab"], 0, Vocabulary(".ab"))


def test_an_unknown_character_is_refused():
    with pytest.raises(UnknownCharacter, match="'c'"):
        names.contexts(["ab", "ac"], 2, Vocabulary(".ab"))
