"""Byte-pair tokens: bytes, plus frequent pairs of tokens merged into new tokens.

P. Gage 1994 as compression; R. Sennrich, B. Haddow and A. Birch, ACL 2016, for words; over bytes,
so that every text has tokens, in A. Radford et al., "Language Models are Unsupervised Multitask
Learners", 2019 (GPT-2), section 2.2. Token numbers: the special tokens, the 256 bytes, then the
merges in the order they were learned.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush
from itertools import pairwise
from operator import index
from typing import Any, Self

import numpy as np

from ..errors import TokenizerError
from .merges import NONE, Pair, learn_merges
from .pieces import pieces
from .tokenizer import Tokenizer, check_specials, check_text

REMEMBERED = 1 << 16  # cached pieces with their tokens, since texts repeat the same pieces
LONGEST = 100  # characters of a cached piece


class BPETokenizer(Tokenizer):
    """A tokeniser for any text, since every byte is a token.

    `merges` are pairs of earlier token numbers, in the order they were learned.

    >>> tokenizer = BPETokenizer.train("low low low lower lowest new newer newest", 262)
    >>> [tokenizer.decode([i]) for i in tokenizer.encode("lowest news")]
    ['low', 'e', 's', 't', ' new', 's']
    >>> tokenizer.decode(tokenizer.encode("naïve ☃"))
    'naïve ☃'

    Errors: TokenizerError if a merge uses tokens that do not exist yet.
    """

    kind = "bpe"

    def __init__(self, merges: Sequence[Pair], *, specials: Iterable[str] = ()) -> None:
        self.specials = tuple(specials)
        self.merges = tuple(merges)
        check_specials(self.specials)
        self.first = len(self.specials)  # the number of byte 0
        tokens = [name.encode("utf-8") for name in self.specials]
        tokens += [bytes([value]) for value in range(256)]
        for left, right in self.merges:
            if not (self.first <= left < len(tokens) and self.first <= right < len(tokens)):
                raise TokenizerError(
                    f"a merge of {left} and {right} cannot make token {len(tokens)}: it needs two"
                    " tokens before it that are not special"
                )
            tokens.append(tokens[left] + tokens[right])
        self.tokens = tuple(tokens)
        self._made = {pair: self.first + 256 + k for k, pair in enumerate(self.merges)}
        if len(self._made) != len(self.merges):
            raise TokenizerError("the same pair is merged twice")
        self._remembered: dict[str, list[int]] = {}

    @classmethod
    def train(
        cls,
        texts: str | Iterable[str],
        vocab_size: int,
        *,
        specials: Iterable[str] = (),
        exactly: bool = True,
    ) -> Self:
        """Learn `vocab_size` tokens from a text, or from several pieces of one.

        Among equally frequent pairs the one with smaller numbers is merged first, so the same text
        always gives the same tokens. Without `exactly`, there may be fewer tokens if the text has
        no more pairs that occur twice.

        Errors: TokenizerError for a size below the bytes and specials, or one that the text has too
        few repeated pairs for.
        """
        specials, vocab_size = tuple(specials), index(vocab_size)
        least = 256 + len(specials)
        if vocab_size < least:
            raise TokenizerError(
                f"a byte-pair tokeniser has at least {least} tokens, one for each byte"
                f"{' and special token' if specials else ''}; got vocab_size={vocab_size}; give"
                f" {least} or more"
            )
        occurrences: Counter[str] = Counter()
        for text in [texts] if isinstance(texts, str) else texts:
            check_text(text)
            occurrences.update(pieces(text))
        counts = {piece.encode("utf-8"): often for piece, often in occurrences.items()}
        merges = learn_merges(counts, vocab_size - least, first=len(specials))
        if exactly and len(merges) < vocab_size - least:
            raise TokenizerError(
                f"the text has pairs that occur twice for {least + len(merges)} tokens, not for"
                f" {vocab_size}; set vocab_size={least + len(merges)} or less, or give more text"
            )
        return cls(merges, specials=specials)

    def codes(self, text: str) -> np.ndarray:
        check_text(text)
        numbers: list[int] = []
        remembered = self._remembered
        for piece in pieces(text):
            known = remembered.get(piece)
            if known is None:
                known = self._merged([self.first + value for value in piece.encode("utf-8")])
                if len(remembered) < REMEMBERED and len(piece) <= LONGEST:
                    remembered[piece] = known
            numbers += known
        return np.array(numbers, np.int64)

    def fields(self) -> dict[str, Any]:
        return {"merges": [f"{left} {right}" for left, right in self.merges]}

    @classmethod
    def of_fields(cls, fields: dict[str, Any], specials: tuple[str, ...]) -> Self:
        merges = [(int(a), int(b)) for a, b in (pair.split() for pair in fields["merges"])]
        return cls(merges, specials=specials)

    def _merged(self, symbols: list[int]) -> list[int]:
        """The symbols with all merges applied, earliest learned first and from the left."""
        merged = self._made
        after = [*range(1, len(symbols)), NONE]
        before = list(range(-1, len(symbols) - 1))
        heap = [(merged[pair], i) for i, pair in enumerate(pairwise(symbols)) if pair in merged]
        heapify(heap)
        while heap:
            new, i = heappop(heap)
            j = after[i]
            if j == NONE or merged.get((symbols[i], symbols[j])) != new:
                continue  # another merge consumed one of the two
            h, k = before[i], after[j]
            symbols[i], symbols[j], after[i] = new, NONE, k
            if h != NONE and (pair := merged.get((symbols[h], new))) is not None:
                heappush(heap, (pair, h))
            if k != NONE:
                before[k] = i
                if (pair := merged.get((new, symbols[k]))) is not None:
                    heappush(heap, (pair, i))
        return [symbol for symbol in symbols if symbol != NONE]
