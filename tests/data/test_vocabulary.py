"""Characters as numbers and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradatim.data import UnknownCharacter, names
from gradatim.data.names import Vocabulary

characters = st.characters(blacklist_characters=".", blacklist_categories=["Cs"])
some_words = st.lists(st.text(characters, min_size=1, max_size=12), min_size=1, max_size=20)


@given(some_words)
def test_every_word_survives_encoding_and_decoding(words):
    vocabulary = Vocabulary.of(words)
    for word in words:
        assert vocabulary.decode(vocabulary.encode(word)) == word


@given(some_words)
def test_a_long_text_is_encoded_as_its_characters_are(words):
    vocabulary = Vocabulary.of(words)
    text = "." + ".".join(words) + "."
    assert vocabulary.codes(text).tolist() == [vocabulary.characters.index(c) for c in text]


@given(some_words)
def test_the_boundary_is_zero_and_the_rest_is_sorted(words):
    vocabulary = Vocabulary.of(words)
    rest = vocabulary.characters[1:]
    assert vocabulary.characters[0] == "."
    assert rest == "".join(sorted(set("".join(words))))
    assert len(vocabulary) == len(rest) + 1
    assert vocabulary.decode([0]) == "."


def test_a_vocabulary_can_be_kept_as_a_string_and_made_again():
    vocabulary = names.load().vocabulary
    assert Vocabulary(vocabulary.characters) == vocabulary
    assert hash(Vocabulary(vocabulary.characters)) == hash(vocabulary)


def test_code_points_stay_whole():
    word = "e\u0301👩🏽\u200d🚀ß"
    vocabulary = Vocabulary.of([word])
    assert set(vocabulary.characters[1:]) == set(word)
    assert len(vocabulary.encode(word)) == len(word) == 7


def test_decoding_takes_numpy_numbers():
    assert Vocabulary(".ab").decode(np.array([1, 2, 0])) == "ab."


@pytest.mark.parametrize("characters", ["", "abc", ".ba", ".aa", ".a."])
def test_a_vocabulary_is_the_boundary_and_then_sorted_characters(characters):
    with pytest.raises(ValueError, match="a vocabulary is '.' and then its other characters"):
        Vocabulary(characters)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("emma!", r"'!' in 'emma!' is not in the alphabet 'abc.*xyz'; use only those characters"),
        ("Emma", r"'E' in 'Emma' is not in the alphabet .*; write it in lower case"),
        ("zoë", r"'ë' \(U\+00EB\) in 'zoë' is not in the alphabet .*; use only those"),
    ],
)
@pytest.mark.parametrize("encode", [Vocabulary.encode, Vocabulary.codes])
def test_an_unknown_character_is_named_with_what_to_do(word, message, encode):
    with pytest.raises(UnknownCharacter, match=message):
        encode(names.load().vocabulary, word)


def test_another_way_to_write_an_accent_is_found():
    composed, combining = "zo\u00eb", "zoe\u0308"
    with pytest.raises(UnknownCharacter, match="composed") as caught:
        Vocabulary.of([composed]).encode(combining)
    assert caught.value.character == "e"
    with pytest.raises(UnknownCharacter, match="combining"):
        Vocabulary.of([combining]).encode(composed)


def test_a_word_cannot_contain_the_boundary():
    message = "'st. john' contains '.', which marks where a word begins and ends; take it out"
    vocabulary = Vocabulary.of(["st john"])
    with pytest.raises(UnknownCharacter, match=message):
        vocabulary.encode("st. john")
    with pytest.raises(UnknownCharacter, match=message):
        names.contexts(["john", "st. john"], 3, vocabulary)


def test_in_a_long_text_the_place_is_given():
    with pytest.raises(UnknownCharacter, match=r"'b' at place 101 is not in the alphabet 'a'"):
        Vocabulary(".a").encode("a" * 100 + "b")


@pytest.mark.parametrize("number", [-1, 3])
def test_a_number_outside_is_refused(number):
    with pytest.raises(IndexError, match=f"no character has number {number}; .* has 0 to 2"):
        Vocabulary(".ab").decode([number])
