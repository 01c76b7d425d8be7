"""Word lists of one's own: what is taken as it is, what is skipped, and what is refused how."""

import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradatim.data import DataError, DataFileError, TextError, names

LONG = b"x" * 2_000_000


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "words.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write


def test_words_and_alphabet_are_the_files_own(write):
    words = names.read(write("Zoë\nnaïve\nΛ\n🚀🚀\n"))
    assert words.name == "words.txt"
    assert words.words == ("Zoë", "naïve", "Λ", "🚀🚀")
    assert words.vocabulary.characters == "." + "".join(sorted(set("ZoënaïveΛ🚀")))
    assert words.skipped == 0


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_and_none_at_the_end(write, end):
    words = names.read(write(end.join(["ann", "bob", "cy"])))
    assert words.words == ("ann", "bob", "cy")
    assert words.skipped == 0


def test_white_space_around_and_empty_lines_are_skipped_and_counted(write):
    words = names.read(write("\ufeff\n ann \t\r\n\n  \nmary ann\n\n"))
    assert words.words == ("ann", "mary ann")
    assert words.vocabulary.characters == ". amnry"
    assert words.skipped == 4


def test_a_byte_order_mark_is_no_character(write):
    assert names.read(write("\ufeffann")).words == ("ann",)


def test_case_accents_and_repetitions_are_kept(write):
    words = names.read(write("Ann\nann\nann\ne\u0301\n\u00e9\n"))
    assert words.words == ("Ann", "ann", "ann", "e\u0301", "\u00e9")


def test_words_of_one_letter_are_words(write):
    words = names.read(write("a\nb\na\n"))
    assert words.rows(2)[:4][1].tolist() == [1, 0, 2, 0]
    assert len(words.split().train) == 1


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"", None, "{path} is empty; write one word on each line"),
        (b"\n \r\n\t\n", None, "{path} has only blank lines; write one word on each line"),
        (b"\xef\xbb\xbf", None, "{path} has only blank lines; write one word on each line"),
        (b"ann\n" + LONG, 2, "{path}, line 2: longer than 4,096 bytes, which is no word; write"),
        (LONG + b"\nann\n", 1, "{path}, line 1: longer than 4,096 bytes, which is no word; write"),
        (b"ann\r\nzo\xeb\r\n", 2, "{path}, line 2: byte 0xeb is not UTF-8; save the file as UTF-8"),
        (b"ann\rbob\r\xff", 3, "{path}, line 3: byte 0xff is not UTF-8; save the file as UTF-8"),
        (b"\x89PNG\r\n\x1a\n\0\0", 3, "{path}, line 3: a zero byte: this is not text; give a text"),
        ("ann\nbob".encode("utf-16"), None, "{path} is UTF-16; save it as UTF-8"),
        (b"ann\n\nst. john\n", 3, "{path}, line 3: 'st. john' contains '.', which marks where a"),
    ],
)
def test_what_is_no_list_of_words_is_refused_in_one_line(write, content, line, message, mapped):
    path = write(content)
    with pytest.raises(TextError) as caught:
        names.read(path, mapped=mapped)
    assert str(caught.value).startswith(message.format(path=path))
    assert "\n" not in str(caught.value)
    assert caught.value.line == line
    assert caught.value.path == str(path)
    assert isinstance(caught.value, ValueError)


def test_random_bytes_are_refused_without_a_crash(write):
    noise = random.Random(0)
    for size in (1, 10, 1000, 3_000_000):
        with pytest.raises(TextError) as caught:
            names.read(write(b"\xfe" + noise.randbytes(size)))
        assert "\n" not in str(caught.value)


def test_faults_far_into_a_file_are_found_on_their_line(write):
    content = b"emma\nolivia\r\n" * 200_000
    with pytest.raises(TextError, match=r"line 400001: byte 0xff"):
        names.read(write(content + b"a\xff\n"))
    with pytest.raises(TextError, match=r"line 400001: 'a\.b' contains"):
        names.read(write(content + b"a.b\n"))


def test_a_missing_file(tmp_path):
    path = tmp_path / "nowhere" / "words.txt"
    with pytest.raises(DataFileError) as caught:
        names.read(path)
    assert str(caught.value) == f"there is no file {path}; check the name and the folder"
    assert isinstance(caught.value, OSError)


def test_a_folder(tmp_path):
    with pytest.raises(DataFileError, match="is a folder; give a text file with one word on each"):
        names.read(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataFileError, match="is not a plain file; save the text in a file first"):
        names.read(tmp_path / "pipe")


def test_a_name_that_no_file_can_have(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        names.read(tmp_path / ("x" * 5000))
    with pytest.raises(DataError, match="cannot be read"):
        names.read("a\0b")


def test_a_file_without_permission(write, monkeypatch):
    path = write("ann\n")

    def refuse(*_args, **_options):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(DataFileError, match=r"words\.txt may not be read; ask for permission or"):
        names.read(path)


@given(st.lists(st.text(st.characters(blacklist_categories=["Cs"]), max_size=8), max_size=60))
def test_any_text_gives_its_words_or_a_reason(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("any") / "words.txt"
    content = "\n".join(lines)
    path.write_bytes(content.encode("utf-8"))
    words = content.removeprefix("\ufeff").replace("\r", "\n").split("\n")
    expected = tuple(word for line in words if (word := line.strip(" \t\v\f")))
    if not expected or "." in content or "\0" in content:
        with pytest.raises(TextError):
            names.read(path)
    else:
        read = names.read(path)
        assert read.words == expected
        assert set(read.vocabulary.characters) == {".", *"".join(expected)}
