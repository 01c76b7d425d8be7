"""Tokenisers: any text there and back, the same tokens from the same text, files to be trusted."""

import json
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradatim.data import DataFileError, TokenizerError, UnknownCharacter
from gradatim.data.tokenizers import BPETokenizer, CharTokenizer, load
from gradatim.data.tokenizers.merges import learn_merges
from gradatim.data.tokenizers.pieces import pieces

ENGLISH = "the cat sat on the mat, and the other cat sat on the other mat; " * 3
TRAINED = BPETokenizer.train(ENGLISH, 272)
END = "<|end|>"
few_letters = st.text("ab ", min_size=1, max_size=60)


@given(st.text(max_size=80))
def test_any_text_comes_back(text):
    for tokenizer in (TRAINED, CharTokenizer.train(text), BPETokenizer([], specials=[END])):
        numbers = tokenizer.encode(text)
        assert tokenizer.decode(numbers) == text
        assert "".join(tokenizer.stream(numbers)) == text
        assert all(0 <= number < len(tokenizer) for number in numbers)
        assert tokenizer.codes(text).tolist() == numbers
        assert tokenizer.codes(text).dtype == np.int64
        assert "".join(pieces(text)) == text


@given(st.lists(st.integers(0, len(TRAINED) - 1), max_size=40))
def test_any_numbers_are_some_text_and_the_same_piece_by_piece(numbers):
    assert "".join(TRAINED.stream(numbers)) == TRAINED.decode(numbers)


def naive_merges(text, count):
    """The algorithm as the paper has it: count everything anew for each merge."""
    rows = [list(piece.encode()) for piece in pieces(text)]
    merges = []
    for k in range(count):
        often = Counter(pair for row in rows for pair in pairwise(row))
        if not often:
            break
        pair = min(often, key=lambda pair: (-often[pair], pair))
        if often[pair] < 2:
            break
        merges.append(pair)
        for row in rows:
            i = 0
            while i < len(row) - 1:
                if (row[i], row[i + 1]) == pair:
                    row[i : i + 2] = [256 + k]
                i += 1
    return merges, [symbol for row in rows for symbol in row]


@given(few_letters)
def test_kept_counts_are_those_of_counting_anew_even_where_pairs_overlap(text):
    merges, row = naive_merges(text, 12)
    counts = Counter(piece.encode() for piece in pieces(text))
    found = learn_merges(counts, 12)
    # A row of equal letters, as in aaaa, has pairs that share a letter: after a merge only those
    # that are left count, in both.
    assert found == merges
    assert BPETokenizer(merges).encode(text) == row


@given(few_letters)
def test_the_size_asked_for_is_the_size_or_it_is_said_what_can_be_had(text):
    most = 256 + len(learn_merges(Counter(p.encode() for p in pieces(text)), 1_000))
    assert len(BPETokenizer.train(text, most)) == most
    with pytest.raises(TokenizerError, match=f"set vocab_size={most} or less"):
        BPETokenizer.train(text, most + 1)
    assert len(BPETokenizer.train(text, most + 1, exactly=False)) == most


def test_equally_frequent_pairs_are_merged_in_the_order_of_their_numbers():
    assert learn_merges({b"xy": 2, b"ab": 2, b"ac": 2}, 3) == [(97, 98), (97, 99), (120, 121)]


def test_a_text_in_pieces_gives_the_tokens_of_the_whole():
    parts = [line + "; " for line in ENGLISH.split("; ")[:-1]]
    assert "".join(parts) == ENGLISH
    assert BPETokenizer.train(parts, 272) == TRAINED
    assert CharTokenizer.train(parts) == CharTokenizer.train(ENGLISH)


def test_words_numbers_and_signs_share_no_token():
    tokenizer = BPETokenizer.train("dog. dog! dog? dog, 12 12 12 dog12 " * 5, 261)
    for token in tokenizer.tokens[256:]:
        kinds = {c.isalpha() for c in token.decode().strip() if c.isalnum()}
        assert len(kinds) <= 1, token


def test_special_tokens_have_the_first_numbers_and_come_from_no_text():
    for tokenizer in (
        CharTokenizer.train("<|end|>", specials=[END]),
        BPETokenizer.train(END * 9, 261, specials=[END]),
    ):
        assert tokenizer.special(END) == 0
        assert 0 not in tokenizer.encode(END)
        assert tokenizer.decode([0, *tokenizer.encode("end")]) == "<|end|>end"
        with pytest.raises(KeyError, match=r"no special token '<\|x\|>'; there is <\|end\|>"):
            tokenizer.special("<|x|>")
    with pytest.raises(TokenizerError, match="special tokens are texts, each once"):
        BPETokenizer([], specials=[END, END])


@pytest.mark.parametrize(
    "tokenizer",
    [
        TRAINED,
        CharTokenizer.train("zoë ☃ 😀\n", specials=[END]),
        BPETokenizer.train("aaaa bbbb aaaa", 258, specials=[END]),
    ],
    ids=repr,
)
def test_saved_and_loaded_it_is_the_same(tmp_path, tokenizer):
    path = tmp_path / "tokenizer.json"
    tokenizer.save(path)
    for again in (load(path), type(tokenizer).load(path)):
        assert again == tokenizer
        assert again.tokens == tokenizer.tokens
        assert again.digest() == tokenizer.digest()
    assert [p.name for p in tmp_path.iterdir()] == ["tokenizer.json"]
    assert json.loads(path.read_text(encoding="ascii"))["version"] == 1


def saved(tmp_path):
    path = tmp_path / "tokenizer.json"
    TRAINED.save(path)
    return path, path.read_text(encoding="ascii")


def test_every_altered_byte_is_noticed(tmp_path):
    path, text = saved(tmp_path)
    for place in range(0, len(text), 7):
        other = "1" if text[place] != "1" else "2"
        path.write_text(text[:place] + other + text[place + 1 :], encoding="ascii")
        with pytest.raises(TokenizerError, match=r"tokenizer\.json"):
            load(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[:-30], "is no tokeniser, or was cut off: it is not JSON"),
        (lambda text: "", "is no tokeniser, or was cut off"),
        (lambda text: "[]", "is no tokeniser; give a file"),
        (lambda text: '{"a": 1}', "is no tokeniser; give a file"),
        (lambda text: text.replace('"version": 1', '"version": 2'), "has version 2, and this"),
        (lambda text: text.replace('"bpe"', '"wordpiece"'), "of kind 'wordpiece', and this"),
        (lambda text: text.replace('"bpe"', '["bpe"]'), "of kind .'bpe'., and this"),
        (lambda text: text.replace('"97 116"', '"116 97"'), "was altered: its checksum differs"),
    ],
    ids=["cut", "empty", "list", "other", "later", "kind", "kinds", "merge"],
)
def test_a_file_that_is_not_as_it_was_written_is_refused(tmp_path, change, message):
    path, text = saved(tmp_path)
    assert change(text) != text
    path.write_text(change(text), encoding="ascii")
    with pytest.raises(TokenizerError, match=message):
        load(path)


def test_a_file_of_another_kind_or_none_at_all(tmp_path):
    path, _ = saved(tmp_path)
    with pytest.raises(TokenizerError, match="of kind 'bpe', not 'char'"):
        CharTokenizer.load(path)
    with pytest.raises(DataFileError, match="the tokeniser .*none.json cannot be read"):
        load(tmp_path / "none.json")


def test_values_that_make_no_tokeniser_are_refused_though_their_checksum_is_right():
    for tokenizer, fields in (
        (TRAINED, {"merges": ["300 97"]}),
        (TRAINED, {"merges": ["97 98", "97 98"]}),
        (TRAINED, {"merges": ["97"]}),
        (TRAINED, {"merges": [97]}),
        (TRAINED, {"merges": [], "specials": "ab"}),
        (TRAINED, {"merges": [], "specials": [None]}),
        (TRAINED, {"merges": [], "specials": ["\ud800"]}),
        (CharTokenizer("ab"), {"characters": ["a", "b"]}),
        (CharTokenizer("ab"), {"characters": "ba"}),
        (CharTokenizer("ab"), {}),
    ):
        broken = type(tokenizer)([] if tokenizer is TRAINED else "")
        broken.fields = lambda fields=fields: fields
        with pytest.raises(TokenizerError, match="the run makes no tokeniser"):
            type(tokenizer).from_json(broken.to_json(), source="the run")


def test_an_unknown_character_is_named_with_its_place():
    tokenizer = CharTokenizer.train("abc\n")
    with pytest.raises(UnknownCharacter, match=r"'é' \(U\+00E9\) at place 3 of 'abé'") as caught:
        tokenizer.encode("abé")
    assert caught.value.character == "é"
    assert "use a byte-pair tokeniser" in str(caught.value)


def test_half_a_character_is_refused():
    for make in (TRAINED.encode, lambda t: BPETokenizer.train(t, 256), CharTokenizer.train):
        with pytest.raises(UnknownCharacter, match=r"'\\udcff' \(U\+DCFF\)") as caught:
            make("ab\udcff")
        assert caught.value.character == "\udcff"


@pytest.mark.parametrize("wrong", [None, b"ab", 3, ["ab"]])
def test_what_is_no_text_is_refused(wrong):
    for encode in (TRAINED.encode, CharTokenizer("ab").encode):
        with pytest.raises(TypeError, match=r"a tokeniser takes texts \(str\), got "):
            encode(wrong)


def test_special_tokens_are_texts():
    for make in (lambda s: BPETokenizer([], specials=s), lambda s: CharTokenizer("a", specials=s)):
        for wrong in (["a", "a"], [""], [1], [None]):
            with pytest.raises(TokenizerError, match="special tokens are texts, each once; got"):
                make(wrong)
        with pytest.raises(UnknownCharacter, match="half a character"):
            make(["\ud800"])


def test_a_number_without_a_token():
    for number in (-1, 272):
        with pytest.raises(IndexError, match=f"no token has number {number}; .* 0 to 271"):
            TRAINED.decode([number])


def test_bytes_that_are_no_character_are_replaced():
    assert TRAINED.decode([0xE2, 0x98]) == "\ufffd"
    assert list(TRAINED.stream([0x61, 0xE2, 0x98])) == ["a", "\ufffd"]


def test_too_few_tokens_for_all_bytes():
    with pytest.raises(TokenizerError, match="at least 257 tokens, one for each byte and special"):
        BPETokenizer.train("abc", 256, specials=[END])


def test_an_empty_text_has_no_tokens():
    assert TRAINED.encode("") == CharTokenizer("").encode("") == []
    assert BPETokenizer.train("", 256).encode("a") == [97]
    assert CharTokenizer.train("").characters == ""


def test_tokens_have_names_that_can_be_told_apart():
    tokenizer = BPETokenizer([(0xE2, 0x98), (0x61, 0xE2)])
    assert [tokenizer.name(i) for i in (0x61, 0xE2, 256, 257)] == [
        "a",
        "<0xE2>",
        "<0xE2><0x98>",
        "a<0xE2>",
    ]
    with pytest.raises(IndexError, match="no token has number 258"):
        tokenizer.name(258)
