"""Words as sequences: each with a boundary before and after it, padded to one length."""

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from ..errors import DoesNotFit
from ..examples import UNCOUNTED, Batch, Examples, Numbers, check_numbers
from ..tokenizers import Tokenizer
from .vocabulary import shorten

WORD = "<|word|>"  # the special token before and after each word; its number is 0


class Sequences(Examples):
    """All words, one example each: X (N, block_size) and Y (N, block_size), int64.

    X is the boundary and the word's tokens, Y the word's tokens and the boundary. Padding is 0 in X
    and -1, which is ignored, in Y.

    >>> from gradatim.data.tokenizers import CharTokenizer
    >>> sequences = Sequences(["ava", "al"], 5, CharTokenizer.train("aval", specials=[WORD]))
    >>> X, Y = sequences[:]
    >>> X
    array([[0, 1, 3, 1, 0],
           [0, 1, 2, 0, 0]])
    >>> Y
    array([[ 1,  3,  1,  0, -1],
           [ 1,  2,  0, -1, -1]])

    A tuple of words is converted to a table at once; words in a file are converted on demand.

    Errors: ValueError unless the tokeniser's first special token is WORD; DoesNotFit for a word
    longer than the context; UnknownCharacter.
    """

    def __init__(self, words: Sequence[str], block_size: int, tokenizer: Tokenizer) -> None:
        if tokenizer.specials[:1] != (WORD,):
            raise ValueError(f"a tokeniser of words has the special token {WORD} with number 0")
        self.words, self.block_size, self.tokenizer = words, block_size, tokenizer
        self.predictions = block_size
        self._table = self._converted(words) if isinstance(words, tuple | list) else None

    def __len__(self) -> int:
        return len(self.words)

    def __getitem__(self, index: Numbers) -> Batch:
        if self._table is not None:
            return self.pick(self._table, index)
        numbers = np.arange(len(self))[index] if isinstance(index, slice) else np.asarray(index)
        check_numbers(numbers, len(self))
        return self._converted([self.words[number] for number in numbers.tolist()])

    def batches(self, size: int) -> Iterator[Batch]:
        if self._table is not None:
            yield from super().batches(size)
            return
        words = iter(self.words)
        while some := list(islice(words, size)):
            yield self._converted(some)

    def table(self) -> Batch | None:
        return self._table

    def table_size(self) -> int:
        return 16 * len(self) * self.block_size

    def _converted(self, words: Sequence[str]) -> Batch:
        codes, lengths = self.tokenizer.codes_of_all(words)
        self._check(words, lengths)
        X = np.zeros((len(words), self.block_size), np.int64)
        Y = np.full((len(words), self.block_size), UNCOUNTED, np.int64)
        has_token = np.arange(self.block_size) < lengths[:, None]  # (N, block_size)
        X[:, 1:][has_token[:, :-1]] = codes
        Y[has_token] = codes
        Y[np.arange(len(words)), lengths] = 0
        return X, Y

    def _check(self, words: Sequence[str], lengths: np.ndarray) -> None:
        longest = int(lengths.max(initial=0))
        if longest >= self.block_size:
            word = words[int(lengths.argmax())]
            raise DoesNotFit(
                f"{shorten(word)!r} has {longest} tokens, which with the boundary do not fit into"
                f" block_size={self.block_size}; set block_size={longest + 1} or more, or take"
                " such words out"
            )
