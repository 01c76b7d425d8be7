"""A text for training, in memory or in its file, and its three parts."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from mmap import mmap
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..files import contents
from .survey import Survey, decoded, survey

TRAIN, DEV = 0.9, 0.05  # fractions of the characters; the rest is the test part


@dataclass(frozen=True, repr=False)
class Text:
    """A text, or its characters from `start` to `stop`, read on demand.

    >>> text = of("greeting", "hello\\n" * 100)
    >>> text, text.characters, len(text)
    (<Text greeting: 600 characters, 5 different>, '\\nehlo', 600)
    >>> [part.read()[-7:] for part in text.split()]
    ['\\nhello\\n', '\\nhello\\n', '\\nhello\\n']
    """

    name: str
    data: bytes | mmap
    survey: Survey
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def __repr__(self) -> str:
        return f"<Text {self.name}: {len(self):,} characters, {len(self.characters)} different>"

    @property
    def characters(self) -> str:
        """The distinct characters of the whole text, sorted."""
        return self.survey.characters

    def digest(self) -> str:
        """The SHA-256 of the whole text as UTF-8 with LF line ends, whatever the file has."""
        return self.survey.digest

    def split(self) -> "Split":
        """The first 90 % as train, the next 5 % as dev, the last 5 % as test."""
        one = self.start + int(TRAIN * len(self))
        two = self.start + int((TRAIN + DEV) * len(self))
        edges = (self.start, one, two, self.stop)
        return Split(*(replace(self, start=edges[i], stop=edges[i + 1]) for i in range(3)))

    def pieces(self) -> Iterator[str]:
        """Its characters, in pieces of about a megabyte."""
        places, starts = self.survey.places, self.survey.starts
        first = int(np.searchsorted(starts, self.start, "right")) - 1
        for i in range(first, len(places) - 1):
            if starts[i] >= self.stop:
                return
            piece = decoded(self.data[places[i] : places[i + 1]])
            yield piece[max(self.start - starts[i], 0) : self.stop - starts[i]]

    def read(self) -> str:
        """All of its characters."""
        return "".join(self.pieces())


class Split(NamedTuple):
    """Three parts of one text: for training, for model selection, and for a final test."""

    train: Text
    dev: Text
    test: Text


def of(name: str, text: str | bytes | mmap, *, path: str | None = None) -> Text:
    """A text with a name; `path` is its name in error messages. Errors: TextError."""
    data = text.encode("utf-8") if isinstance(text, str) else text
    scan = survey(data, path or name)
    return Text(name, data, scan, 0, int(scan.starts[-1]))


def read(path: str | os.PathLike[str], *, mapped: bool | None = None) -> Text:
    """The text of a UTF-8 file.

    A byte order mark is removed, and any style of line end becomes LF; the rest is unchanged. Files
    of 4 MB or more are not loaded: text is read on demand, unless `mapped` says otherwise.

    Errors: DataFileError if the file cannot be read, TextError if it is not text.
    """
    path = Path(path)
    return of(path.name, contents(path, wanted="a text file", mapped=mapped), path=str(path))
