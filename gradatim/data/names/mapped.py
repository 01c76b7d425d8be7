"""Memory-mapped word lists, for files that do not fit in memory.

Only the byte offset of every fortieth word is kept (8 bytes), so a file of 25 million words costs 5
MB. Examples are numbered without being materialised: the number of examples before each group of
forty words is kept too.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import compress
from mmap import mmap
from typing import overload

import numpy as np

from ..examples import Examples, Numbers, check_numbers
from .blocks import contexts, windows
from .parts import part_of
from .text import STRIDE, Survey, words_in
from .vocabulary import BOUNDARY, Vocabulary

TOGETHER = 1024  # blocks of STRIDE words read at once in a full pass


class MappedWords(Sequence[str]):
    """The words of a memory-mapped text, or of one part of it, read on demand.

    The file must not change while these words are in use.

    Errors: IndexError for an index out of range.
    """

    def __init__(
        self, text: bytes | mmap, survey: Survey, *, part: int | None = None, seed: int = 0
    ):
        self._text = text
        self._survey = survey
        self._part = part
        self._seed = seed
        self._before = self._count_before()

    def part(self, part: int, *, seed: int) -> "MappedWords":
        """The words of one part, 0 train, 1 dev or 2 test, of the whole text."""
        return MappedWords(self._text, self._survey, part=part, seed=seed)

    @property
    def blocks(self) -> int:
        """The number of blocks of STRIDE words in the text; the last may be shorter."""
        return len(self._survey.places) - 1

    def read_each(self, blocks: np.ndarray) -> list[list[str]]:
        """This part's words in each of the given blocks."""
        places = self._survey.places
        read = [words_in(self._text[places[b] : places[b + 1]]) for b in blocks.tolist()]
        if self._part is None:
            return read
        kept = self._in_part(blocks[:, None] * STRIDE + np.arange(STRIDE))
        return [list(compress(words, keep)) for words, keep in zip(read, kept, strict=True)]

    def runs(self) -> Iterator[list[str]]:
        """The words in order, those of TOGETHER blocks at a time."""
        for words, kept in self._runs():
            yield words if self._part is None else list(compress(words, kept))

    def lengths(self) -> Iterator[np.ndarray]:
        """The number of characters and word ends in each block, TOGETHER blocks at a time."""
        for words, kept in self._runs():
            lengths = np.fromiter(map(len, words), np.int64, len(words)) + 1
            yield np.add.reduceat(lengths * kept, np.arange(0, len(words), STRIDE))

    def __len__(self) -> int:
        return int(self._before[-1])

    def __iter__(self) -> Iterator[str]:
        for words in self.runs():
            yield from words

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        block = bisect_right(self._before, place) - 1
        return self.read_each(np.array([block]))[0][place - int(self._before[block])]

    def _runs(self) -> Iterator[tuple[list[str], np.ndarray]]:
        """All words of TOGETHER blocks, and which of them belong to this part."""
        places = self._survey.places
        for first in range(0, self.blocks, TOGETHER):
            last = min(first + TOGETHER, self.blocks)
            words = words_in(self._text[places[first] : places[last]])
            yield words, self._in_part(first * STRIDE + np.arange(len(words)))

    def _in_part(self, index: np.ndarray) -> np.ndarray:
        if self._part is None:
            return np.ones(index.shape, bool)
        return part_of(index, self._survey.count, seed=self._seed) == self._part

    def _count_before(self) -> np.ndarray:
        """The number of this part's words before each block, (blocks + 1,) int64."""
        count = self._survey.count
        before = [np.zeros(1, np.int64)]
        for start in range(0, count, STRIDE * TOGETHER):
            kept = self._in_part(np.arange(start, min(start + STRIDE * TOGETHER, count)))
            sums = np.add.reduceat(kept, np.arange(0, len(kept), STRIDE), dtype=np.int64)
            before.append(before[-1][-1] + np.cumsum(sums))
        return np.concatenate(before)


class MappedRows(Examples):
    """The examples of mapped words, accessed by number and never all in memory.

    `rows[index]` returns (X, Y) for an array of numbers; `batches` all of them in order.
    """

    def __init__(self, words: MappedWords, block_size: int, vocabulary: Vocabulary):
        self.words = words
        self.block_size = block_size
        self.vocabulary = vocabulary
        self._before = self._count_before()

    def __len__(self) -> int:
        return int(self._before[-1])

    def __getitem__(self, index: Numbers) -> tuple[np.ndarray, np.ndarray]:
        numbers = np.arange(len(self))[index] if isinstance(index, slice) else np.asarray(index)
        check_numbers(numbers, len(self))
        block, place = np.unique(
            np.searchsorted(self._before, numbers, "right") - 1, return_inverse=True
        )
        # With the block's words in one row, an example's number within its block is also its
        # distance from the boundary before the block's first word.
        texts = [BOUNDARY.join([*words, ""]) for words in self.words.read_each(block)]
        codes = self.vocabulary.codes(BOUNDARY + "".join(texts))
        starts = np.cumsum([1, *map(len, texts)])
        return windows(codes, starts[place] + numbers - self._before[block[place]], self.block_size)

    def batches(self, size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        rest = np.empty((0, self.block_size), np.int64), np.empty(0, np.int64)
        for words in self.words.runs():
            examples = contexts(words, self.block_size, self.vocabulary)
            X, Y = (np.concatenate(two) for two in zip(rest, examples, strict=True))
            full = len(Y) - len(Y) % size
            for start in range(0, full, size):
                yield X[start : start + size], Y[start : start + size]
            rest = X[full:], Y[full:]
        if len(rest[1]):
            yield rest

    def _count_before(self) -> np.ndarray:
        """The number of examples before each block, (blocks + 1,) int64."""
        sums = [np.zeros(1, np.int64)]
        for lengths in self.words.lengths():
            sums.append(sums[-1][-1] + np.cumsum(lengths))
        return np.concatenate(sums)
