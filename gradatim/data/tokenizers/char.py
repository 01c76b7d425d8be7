"""A token for every character."""

from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np

from ..code_points import number_table, numbers_of
from ..errors import TokenizerError, UnknownCharacter
from ..names.vocabulary import name_of, shorten
from .tokenizer import Tokenizer, check_specials, check_text


class CharTokenizer(Tokenizer):
    """Characters in the order of their code points, after the special tokens.

    A character is one Unicode code point, unchanged: nothing is normalised.

    >>> tokenizer = CharTokenizer.train("to be or not")
    >>> tokenizer.characters
    ' benort'
    >>> tokenizer.encode("bot")
    [1, 4, 6]
    >>> tokenizer.decode([1, 4, 6])
    'bot'

    Errors: TokenizerError if characters are not sorted, or occur twice.
    """

    kind = "char"

    def __init__(self, characters: str, *, specials: Iterable[str] = ()) -> None:
        self.specials = tuple(specials)
        self.characters = characters
        check_specials(self.specials)
        check_text(characters)
        if characters != "".join(sorted(set(characters))):
            raise TokenizerError(
                f"the characters of a tokeniser are sorted, each once; got {shorten(characters)!r};"
                " CharTokenizer.train(text) makes one"
            )
        self.tokens = tuple(token.encode("utf-8") for token in (*self.specials, *characters))
        self._table = number_table(characters, first=len(self.specials))

    @classmethod
    def train(cls, texts: str | Iterable[str], *, specials: Iterable[str] = ()) -> Self:
        """The tokeniser for all characters of a text, or of several pieces of one."""
        characters: set[str] = set()
        for text in [texts] if isinstance(texts, str) else texts:
            characters.update(text)
        return cls("".join(sorted(characters)), specials=specials)

    def codes(self, text: str) -> np.ndarray:
        check_text(text)
        codes = numbers_of(text, self._table)
        if codes.size and codes.min() < 0:
            raise self._unknown(text, int(codes.argmin()))
        return codes

    def codes_of_all(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        try:
            codes = self.codes("".join(texts))
        except (TypeError, UnknownCharacter):
            return super().codes_of_all(texts)  # raises with the text in its message
        return codes, np.fromiter(map(len, texts), np.int64, len(texts))

    def fields(self) -> dict[str, Any]:
        return {"characters": self.characters}

    @classmethod
    def of_fields(cls, fields: dict[str, Any], specials: tuple[str, ...]) -> Self:
        return cls(fields["characters"], specials=specials)

    def _unknown(self, text: str, place: int) -> UnknownCharacter:
        character = text[place]
        known = shorten(self.characters)
        return UnknownCharacter(
            f"{name_of(character)} at place {place + 1} of {shorten(text)!r} is not among the"
            f" {len(self.characters)} characters that this tokeniser knows, {known!r}; take it out,"
            " or use a byte-pair tokeniser, which knows all",
            character=character,
        )
