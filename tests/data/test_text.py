"""Running text: read soundly, cut into parts and windows, the same from a file of any size."""

import hashlib
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradatim.data import DataError, DataFileError, DoesNotFit, TextError, text
from gradatim.data.text import survey, tokens
from gradatim.data.tokenizers import BPETokenizer, CharTokenizer

words = st.text("ab\néß☃ 😀", min_size=1, max_size=60)


@pytest.fixture(params=[7, 1 << 20], ids=["small-pieces", "one-piece"])
def pieces(request, monkeypatch):
    monkeypatch.setattr(survey, "PIECE", request.param)


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.usefixtures("pieces")
def test_a_file_of_any_size_is_the_text_in_it(tmp_path, mapped):
    path, content = tmp_path / "x.txt", "Zürich\n☃😀\n\nno line end " * 30
    path.write_bytes(content.encode("utf-8"))
    found = text.read(path, mapped=mapped)
    assert found.read() == content
    assert len(found) == len(content)
    assert found.characters == "".join(sorted(set(content)))
    assert found.digest() == hashlib.sha256(content.encode("utf-8")).hexdigest()
    assert found.name == "x.txt"


@pytest.mark.usefixtures("pieces")
def test_parts_are_neighbours_in_characters_and_are_the_whole_again():
    content = "".join(chr(0x20 + i % 500) for i in range(1_000))
    train, dev, test = text.of("x", content).split()
    assert [len(train), len(dev), len(test)] == [900, 50, 50]
    assert train.read() + dev.read() + test.read() == content
    assert dev.read() == content[900:950]


@pytest.mark.usefixtures("pieces")
@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_line_ends_and_a_byte_order_mark_make_no_other_text(end):
    plain = text.of("x", "one two three\nfour\n\nfive\n")
    other = b"\xef\xbb\xbf" + "one two three\nfour\n\nfive\n".replace("\n", end).encode()
    found = text.of("x", other)
    assert found.read() == plain.read()
    assert found.digest() == plain.digest()
    assert len(found) == len(plain)


def test_a_line_longer_than_a_piece_is_cut_between_characters(monkeypatch):
    monkeypatch.setattr(survey, "PIECE", 7)
    for content in ("☃" * 40, "\r\n" * 20, "aaaaaa\r\nb", "😀a" * 9):
        assert text.of("x", content).read() == content.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "x is empty; give a text"),
        (b"\xef\xbb\xbf", "x is empty"),
        ("abc".encode("utf-16"), "x is UTF-16; save it as UTF-8"),
        (b"one\ntwo\n\xff\n", "x, line 3: byte 0xff is not UTF-8; save the file as UTF-8"),
        (b"one\n\0", "x, line 2: a zero byte: this is not text"),
        (b"\x80" * 30, "x, line 1: byte 0x80 is not UTF-8"),
    ],
)
@pytest.mark.usefixtures("pieces")
def test_what_is_no_text_is_refused(content, message):
    with pytest.raises(TextError, match=message):
        text.of("x", content)


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(DataFileError, match="there is no file"):
        text.read(tmp_path / "none.txt")
    with pytest.raises(DataFileError, match="is a folder; give a text file"):
        text.read(tmp_path)


def test_the_english_is_prose_in_paragraphs():
    english = text.english()
    content = english.read()
    assert len(content) > 150_000
    assert content.isascii()
    lines = content.splitlines()
    assert len(lines) == len(set(lines))
    assert all(line.count(" ") >= 4 and line[-1] in ".:?!)" for line in lines)
    assert "::=" not in content
    assert text.english() is english


def test_a_python_without_help_texts_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(DataError, match="give a file with --data FILE"):
        text.english.__wrapped__()


def test_titles_tables_grammar_and_programs_are_no_prose():
    topic = """The title of it all.
********************

A sentence of some words, **with** *marks* of "it".

   >>> print(1)
   1

   stmt ::= "a" thing of the grammar.

1. An item of a list
   of two lines.
"""
    assert text.prose({"a": topic, "b": topic}) == (
        'A sentence of some words, with marks of "it".\nAn item of a list of two lines.\n'
    )


@given(words, st.sampled_from(["char", "bpe"]), st.sampled_from([9, 1 << 20]))
def test_tokens_of_a_text_are_the_text(content, kind, piece):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(survey, "PIECE", piece)
        whole = text.of("x", content)
        made = CharTokenizer(whole.characters) if kind == "char" else BPETokenizer([(97, 98)])
        in_memory = text.tokens_of(whole, made)
        patch.setattr(tokens, "IN_MEMORY", 0)
        on_disk = text.tokens_of(whole, made)
    assert made.decode(in_memory.tolist()) == content.replace("\r", "\n")
    assert isinstance(on_disk, np.memmap)
    assert in_memory.dtype == on_disk.dtype
    np.testing.assert_array_equal(in_memory, on_disk)


@pytest.mark.parametrize(("size", "dtype"), [(256, np.uint8), (257, np.uint16)])
def test_tokens_are_as_small_as_can_be(size, dtype):
    tokenizer = CharTokenizer("".join(map(chr, range(size))))
    assert text.tokens_of(text.of("x", "abc"), tokenizer).dtype == dtype


@given(st.integers(2, 60), st.integers(1, 20))
def test_windows_overlap_and_tiles_count_each_token_once(n, T):
    row = np.arange(n)
    if n <= T:
        with pytest.raises(DoesNotFit, match=f"set block_size={max(n - 1, 1)} or less"):
            text.Windows(row, T)
        return
    windows, tiles = text.Windows(row, T), text.Tiles(row, T)
    assert len(windows) == n - T
    X, Y = windows[:]
    np.testing.assert_array_equal(X, np.arange(n - T)[:, None] + np.arange(T))
    np.testing.assert_array_equal(Y, X + 1)
    X, Y = tiles[:]
    assert len(X) == len(tiles)
    assert sorted(Y[Y >= 0].tolist()) == list(range(1, n))
    np.testing.assert_array_equal((Y == X + 1)[Y >= 0], True)
    assert tiles.counted((X, Y)).sum() == n - 1
    some = np.array([len(tiles) - 1, 0])
    for whole, part in zip((X, Y), tiles[some], strict=True):
        np.testing.assert_array_equal(whole[some], part)


def test_a_window_out_of_a_table_is_the_window():
    windows = text.Windows(np.arange(30, dtype=np.uint8) * 3, 7)
    index = np.array([0, 22, 5])
    for mine, theirs in zip(windows.pick(windows.table(), index), windows[index], strict=True):
        assert mine.dtype == theirs.dtype == np.int64
        np.testing.assert_array_equal(mine, theirs)
    for outside in (-1, 23):
        with pytest.raises(IndexError, match="examples have the numbers 0 to 22"):
            windows[np.array([outside])]


def test_a_text_shorter_than_the_context_names_both_and_what_to_set():
    message = (
        "poem has 40 tokens, and a context of block_size=64 needs at least 65; set block_size=39"
    )
    with pytest.raises(DoesNotFit, match=message):
        text.Windows(np.zeros(40, np.uint8), 64, name="poem")
    with pytest.raises(DoesNotFit, match="has 1 token, and .* needs at least 2; give more text$"):
        text.Windows(np.zeros(1, np.uint8), 1, name="poem")
