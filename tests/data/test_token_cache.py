"""Tokens that are kept in a file are those that would be made, or are made again."""

from dataclasses import replace

import numpy as np
import pytest

from gradatim.data import text
from gradatim.data.text import token_cache
from gradatim.data.tokenizers import BPETokenizer, CharTokenizer

CONTENT = "the cat sat on the mat and the rat sat on the cat\n" * 30


@pytest.fixture(autouse=True)
def short_texts_are_kept_too(monkeypatch):
    monkeypatch.setattr(token_cache, "CACHED_FROM", 10)


@pytest.fixture
def tokenizer():
    return BPETokenizer.train(CONTENT, 270)


def refuse(*_):
    raise AssertionError("they were made again")


def test_tokens_are_made_once(tmp_path, tokenizer, monkeypatch):
    whole = text.of("x", CONTENT)
    made = text.cached_tokens(whole, tokenizer, tmp_path)
    (file,) = tmp_path.iterdir()
    assert file.name.startswith("tokens-")
    monkeypatch.setattr(token_cache, "tokens_of", refuse)
    again = text.cached_tokens(whole, tokenizer, tmp_path)
    assert again.dtype == made.dtype
    np.testing.assert_array_equal(again, made)
    np.testing.assert_array_equal(made, text.tokens_of(whole, tokenizer))


def test_another_text_part_or_tokeniser_has_another_file(tmp_path, tokenizer):
    whole = text.of("x", CONTENT)
    others = [whole, replace(whole, stop=whole.stop - 1), text.of("x", CONTENT + "!")]
    for one in others:
        text.cached_tokens(one, tokenizer, tmp_path)
    text.cached_tokens(whole, BPETokenizer.train(CONTENT, 262), tmp_path)
    assert len(list(tmp_path.iterdir())) == 4


def test_every_altered_byte_that_counts_is_noticed(tmp_path, tokenizer):
    whole = text.of("x", CONTENT)
    made = text.cached_tokens(whole, tokenizer, tmp_path)
    (file,) = tmp_path.iterdir()
    good = file.read_bytes()
    for at in [*range(0, 80, 7), *range(128, len(good), 50)]:
        file.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        np.testing.assert_array_equal(text.cached_tokens(whole, tokenizer, tmp_path), made)
        assert file.read_bytes() == good  # made again
    for at in (0, 50, 128, len(good) - 1):
        file.write_bytes(good[:at])
        np.testing.assert_array_equal(text.cached_tokens(whole, tokenizer, tmp_path), made)


def test_what_cannot_be_kept_is_made(tmp_path, tokenizer):
    whole = text.of("x", CONTENT)
    nowhere = tmp_path / "nowhere"
    np.testing.assert_array_equal(
        text.cached_tokens(whole, tokenizer, nowhere), text.tokens_of(whole, tokenizer)
    )
    assert not nowhere.exists()
    text.cached_tokens(whole, CharTokenizer(whole.characters), tmp_path)  # as soon made as read
    assert not list(tmp_path.iterdir())
