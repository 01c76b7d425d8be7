"""Words as sequences: whole, between boundaries, padded with what does not count."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradatim.data import DoesNotFit, names
from gradatim.data.names import WORD, Sequences, Words
from gradatim.data.tokenizers import BPETokenizer, CharTokenizer

lists = st.lists(st.text("abcé", min_size=1, max_size=9), min_size=1, max_size=20)


@given(lists, st.booleans())
def test_every_word_comes_back_from_its_targets(some, byte_pairs):
    tokenizer = (
        BPETokenizer([(98, 98)], specials=[WORD])
        if byte_pairs
        else CharTokenizer.train(some, specials=[WORD])
    )
    longest = max(len(tokenizer.encode(word)) for word in some)
    X, Y = Sequences(tuple(some), longest + 2, tokenizer)[:]
    for word, x, y in zip(some, X, Y, strict=True):
        n = len(tokenizer.encode(word))
        assert tokenizer.decode(y[:n]) == word
        assert x[0] == y[n] == 0
        np.testing.assert_array_equal(x[1 : n + 1], y[:n])
        assert set(y[n + 1 :].tolist()) == {-1}
        assert set(x[n + 1 :].tolist()) == {0}


def test_words_in_a_file_are_the_same_examples(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("\n".join(names.load().words[:300]), encoding="utf-8")
    found = []
    for mapped in (False, True):
        words: Words = names.read(path, mapped=mapped).split().train
        tokenizer = CharTokenizer.train(words.words, specials=[WORD])
        sequences = Sequences(words.words, 12, tokenizer)
        assert (sequences.table() is None) == mapped
        some = np.array([5, 0, len(sequences) - 1])
        whole = [np.concatenate(part) for part in zip(*sequences.batches(70), strict=True)]
        found.append([*sequences[some], *sequences[3:9], *whole])
        with pytest.raises(IndexError):
            sequences[np.array([len(sequences)])]
    for mine, theirs in zip(*found, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_what_counts_is_the_word_and_its_end():
    words = names.load().words[:50]
    tokenizer = CharTokenizer.train(words, specials=[WORD])
    sequences = Sequences(words, 16, tokenizer)
    assert sequences.predictions == 16
    assert sequences.counted(sequences[:]).tolist() == [len(word) + 1 for word in words]


def test_a_word_longer_than_the_context_is_named():
    tokenizer = CharTokenizer.train("abc", specials=[WORD])
    Sequences(("ab", "abc"), 4, tokenizer)
    with pytest.raises(DoesNotFit, match="'abc' has 3 tokens, .*block_size=3; set block_size=4"):
        Sequences(("ab", "abc"), 3, tokenizer)


def test_a_tokeniser_without_the_boundary_is_refused():
    with pytest.raises(ValueError, match=r"the special token <\|word\|> with number 0"):
        Sequences(("ab",), 4, CharTokenizer("ab"))
