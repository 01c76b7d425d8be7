"""Words that stay in their file behave as words in memory do, and cost little memory."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradatim.data import TextError, names
from gradatim.data.names import MappedWords

lines = st.lists(
    st.text(st.characters(blacklist_characters="."), max_size=6) | st.just("  "),
    min_size=1,
    max_size=300,
)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The same file with gaps and accents, in memory and mapped."""
    words = names.load().words[:2000]
    path = tmp_path_factory.mktemp("words") / "words.txt"
    gaps = ["", "", "\n", " \t\r\n"]
    content = "".join(
        f" {word}{'é' * (n % 3)}\n{gaps[n * 7 // 3 % 4]}" for n, word in enumerate(words)
    )
    path.write_text(content, encoding="utf-8", newline="")
    return names.read(path, mapped=False), names.read(path, mapped=True)


def test_the_words_and_the_alphabet_are_the_same(both):
    memory, mapped = both
    assert isinstance(mapped.words, MappedWords)
    assert tuple(mapped.words) == memory.words
    assert mapped.vocabulary == memory.vocabulary
    assert mapped.skipped == memory.skipped > 0
    assert mapped.digest() == memory.digest()


def test_words_are_found_by_number(both):
    memory, mapped = both
    assert len(mapped.words) == len(memory.words)
    for index in (0, 1, 39, 40, 41, 1000, 1999, -1, -2000):
        assert mapped.words[index] == memory.words[index]
    assert tuple(mapped.words[35:45]) == memory.words[35:45]
    for index in (2000, -2001):
        with pytest.raises(IndexError):
            mapped.words[index]


@pytest.mark.parametrize("seed", [42, 7])
def test_the_split_is_the_same(both, seed):
    memory, mapped = both
    for small, large in zip(memory.split(seed=seed), mapped.split(seed=seed), strict=True):
        assert len(small) == len(large)
        assert small.words == tuple(large.words)
        assert small.words[17] == large.words[17]


@pytest.mark.parametrize("block_size", [1, 3, 20])
def test_the_examples_are_the_same(both, block_size):
    for small, large in zip(*(words.split() for words in both), strict=True):
        rows, drawn = small.rows(block_size), large.rows(block_size)
        assert len(rows) == len(drawn)
        index = np.random.default_rng(0).integers(0, len(rows), 300)
        for numbers in (index, np.arange(len(rows)), slice(5, 50), index[:0]):
            for expected, made in zip(rows[numbers], drawn[numbers], strict=True):
                np.testing.assert_array_equal(made, expected)
                assert made.dtype == np.int64


def test_batches_are_the_same(both):
    memory, mapped = both
    batches = zip(memory.rows(3).batches(997), mapped.rows(3).batches(997), strict=True)
    for expected, made in batches:
        for one, two in zip(expected, made, strict=True):
            np.testing.assert_array_equal(one, two)


def test_an_example_that_is_not_there_is_refused(both):
    rows = both[1].rows(3)
    for number in (-1, len(rows)):
        with pytest.raises(IndexError, match=f"examples have the numbers 0 to {len(rows) - 1}"):
            rows[np.array([0, number])]


@given(lines)
def test_any_text_reads_the_same_both_ways(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("any") / "words.txt"
    path.write_bytes("\n".join(lines).encode("utf-8").replace(b"\0", b""))
    try:
        memory = names.read(path, mapped=False)
    except TextError:
        return
    mapped = names.read(path, mapped=True)
    assert tuple(mapped.words) == memory.words
    assert len(mapped.rows(3)) == len(memory.rows(3))


MEASURE = """
import sys, tracemalloc
import numpy as np
from gradatim.data import names
names.load()
tracemalloc.start()
words = names.read(sys.argv[1])
assert type(words.words).__name__ == "MappedWords"
train, dev, test = words.split()
rows = train.rows(3)
random = np.random.default_rng(0)
for _ in range(100):
    X, Y = rows[random.integers(0, len(rows), 32)]
print(len(words), len(rows), tracemalloc.get_traced_memory()[1])
"""


@pytest.mark.slow
def test_a_large_file_takes_little_memory(tmp_path):
    path = tmp_path / "large.txt"
    some = "\n".join(names.load().words).encode() + b"\n"
    with path.open("wb") as file:
        for _ in range(40):
            file.write(some)
    command = [sys.executable, "-c", MEASURE, str(path)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    count, rows, peak = map(int, out.split())
    assert count == 40 * 29_910
    assert abs(rows - 0.8 * 40 * 214_764) < 50_000
    assert path.stat().st_size > 8e6
    assert peak < 16e6  # in memory it would be a hundred
