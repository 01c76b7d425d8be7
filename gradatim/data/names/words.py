"""A list of words with its alphabet: the built-in names, or a text file with one word per line."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import NamedTuple, overload

import numpy as np

from ..examples import Examples
from ..files import contents
from .mapped import MappedRows, MappedWords
from .parts import DEV, SEED, TEST, TRAIN, check_enough, part_of
from .rows import Rows
from .text import survey
from .vocabulary import Vocabulary


@dataclass(frozen=True, repr=False)
class Words:
    """Words, and the alphabet of their characters.

    `words` is a sequence of str, in memory or in its file; `skipped` is the number of blank lines
    in the file. The parts of a split share the vocabulary of the whole. Loops and indices go
    through the words.

    >>> load()
    <Words names: 29,910 words of 26 different characters>
    >>> load()[:3], max(len(name) for name in load())
    (('emma', 'liam', 'olivia'), 15)
    """

    name: str
    words: Sequence[str]
    vocabulary: Vocabulary
    skipped: int = 0

    def __len__(self) -> int:
        return len(self.words)

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return self.words[index]

    def __repr__(self) -> str:
        letters = len(self.vocabulary) - 1
        return f"<Words {self.name}: {len(self):,} words of {letters} different characters>"

    def split(self, *, seed: int = SEED) -> "Split":
        """80 % train, 10 % dev and 10 % test, always the same for a seed.

        Errors: TooFewWords below three words.

        >>> train, dev, test = load().split()
        >>> len(train), len(dev), len(test)
        (23928, 2991, 2991)
        >>> dev.words[:3]
        ('emma', 'lucas', 'daniel')
        """
        check_enough(len(self), self.name)
        return Split(*(self._part(part, seed) for part in (TRAIN, DEV, TEST)))

    def rows(self, block_size: int) -> Examples:
        """The examples of these words, accessed by number: `X, Y = rows[numbers]`.

        X (N, block_size) holds the characters before, Y (N,) the next one: see `contexts`.
        """
        if isinstance(self.words, MappedWords):
            return MappedRows(self.words, block_size, self.vocabulary)
        return Rows(self.words, block_size, self.vocabulary)

    def digest(self) -> str:
        """The SHA-256 of the words with a line feed after each; independent of the file format."""
        sha = hashlib.sha256()
        words = iter(self.words)
        while some := list(islice(words, 100_000)):
            sha.update("".join(f"{word}\n" for word in some).encode("utf-8"))
        return sha.hexdigest()

    def _part(self, part: int, seed: int) -> "Words":
        if isinstance(self.words, MappedWords):
            return replace(self, words=self.words.part(part, seed=seed))
        kept = np.flatnonzero(part_of(np.arange(len(self)), len(self), seed=seed) == part)
        return replace(self, words=tuple(self.words[place] for place in kept.tolist()))


class Split(NamedTuple):
    """Three parts of the same words: for training, for model selection, and for a final test."""

    train: Words
    dev: Words
    test: Words


@cache
def load() -> Words:
    """The built-in first names: 29,910, lower case a-z, unique, most frequent first.

    Source: US Social Security Administration, year 2017; PROVENANCE.txt has the details.

    >>> names = load()
    >>> len(names), names.words[:4], names.vocabulary.characters
    (29910, ('emma', 'liam', 'olivia', 'noah'), '.abcdefghijklmnopqrstuvwxyz')
    """
    text = files(__package__).joinpath("names.txt").read_bytes()
    return _in_memory("names", text, "names.txt")


def read(path: str | os.PathLike[str], *, mapped: bool | None = None) -> Words:
    """The words of a UTF-8 text file with one word per line, and their alphabet.

    White space around a word, blank lines, a byte order mark and any style of line end are removed;
    the rest is unchanged, including case, accents and repeated words. Files of 4 MB or more are not
    loaded: words are read on demand, unless `mapped` says otherwise.

    Errors: DataFileError if the file cannot be read, TextError if it is not such a text.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "cities.txt")
    ...     _ = path.write_text("Genève\\n\\nZürich\\nBern\\n", encoding="utf-8")
    ...     cities = read(path)
    >>> cities.words, cities.vocabulary.characters, cities.skipped
    (('Genève', 'Zürich', 'Bern'), '.BGZcehinrvèü', 1)
    """
    path = Path(path)
    text = contents(path, wanted="a text file with one word on each line", mapped=mapped)
    if isinstance(text, bytes):
        return _in_memory(path.name, text, str(path))
    scan = survey(text, str(path))
    return Words(path.name, MappedWords(text, scan), scan.vocabulary, scan.skipped)


def _in_memory(name: str, text: bytes, path: str) -> Words:
    scan = survey(text, path)
    return Words(name, tuple(MappedWords(text, scan)), scan.vocabulary, scan.skipped)
