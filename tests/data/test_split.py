"""Who trains, who chooses, who tests: sizes and stability for lists of any length."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradatim.data import TooFewWords
from gradatim.data.names import Vocabulary, Words


def numbered(count):
    words = tuple(f"{number}" for number in range(count))
    return Words("numbers", words, Vocabulary.of(words))


@given(st.integers(3, 400), st.integers(0, 2**64 - 1))
def test_eight_one_and_one_of_every_ten(count, seed):
    words = numbered(count)
    train, dev, test = words.split(seed=seed)
    assert sorted(train.words + dev.words + test.words) == sorted(words.words)
    for part in (dev, test):
        assert len(part) >= 1
        assert abs(len(part) - count / 10) <= 1
    for start in range(0, count - 9, 10):
        ten = {f"{number}" for number in range(start, start + 10)}
        assert len(ten.intersection(dev.words)) == len(ten.intersection(test.words)) == 1


@given(st.integers(10, 200), st.integers(0, 50))
def test_words_added_at_the_end_move_no_other(count, more):
    before, after = numbered(count).split(), numbered(count + more).split()
    for old, new in zip(before, after, strict=True):
        assert new.words[: len(old)] == old.words


def test_every_place_in_ten_is_drawn():
    _, dev, test = numbered(5000).split()
    for part in (dev, test):
        last_digits = [int(word) % 10 for word in part.words]
        assert all(25 < last_digits.count(digit) < 75 for digit in range(10))


@pytest.mark.parametrize(("count", "words"), [(1, "1 word"), (2, "2 words")])
def test_too_few_words_say_how_many_are_needed(count, words):
    message = f"numbers has {words}, and a model needs at least 3: .*; add words, one per line"
    with pytest.raises(TooFewWords, match=message):
        numbered(count).split()
