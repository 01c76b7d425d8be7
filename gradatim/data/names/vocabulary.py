"""Characters as numbers: 0 is the boundary, the other characters follow in sorted order."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from ..code_points import number_table, numbers_of
from ..errors import UnknownCharacter

BOUNDARY = "."


@dataclass(frozen=True)
class Vocabulary:
    """The characters a model knows, in the order of their numbers.

    Character 0 is the boundary `.`, which comes before and after every word and in none. A
    character is one Unicode code point, unchanged: case is kept and nothing is normalised, so a
    combining accent is a character of its own, and so is every code point of an emoji.

    >>> vocabulary = Vocabulary.of(["emma", "ava"])
    >>> vocabulary.characters
    '.aemv'
    >>> vocabulary.encode("ava")
    [1, 4, 1]
    >>> vocabulary.decode([0, 1, 4, 1, 0])
    '.ava.'
    >>> len(vocabulary)
    5

    Errors: ValueError unless the characters start with the boundary and are sorted and unique.
    """

    characters: str

    def __post_init__(self) -> None:
        rest = self.characters[1:]
        if (
            self.characters[:1] != BOUNDARY
            or BOUNDARY in rest
            or rest != "".join(sorted(set(rest)))
        ):
            raise ValueError(
                f"a vocabulary is '{BOUNDARY}' and then its other characters, sorted, each once; "
                f"got {self.characters!r}; Vocabulary.of(words) makes one"
            )

    @classmethod
    def of(cls, words: Iterable[str]) -> Self:
        """The vocabulary of all characters in `words`.

        >>> Vocabulary.of(["zoë", "Zoe"]).characters
        '.Zeozë'
        """
        characters: set[str] = set()
        for word in words:
            characters.update(word)
        return cls(BOUNDARY + "".join(sorted(characters - {BOUNDARY})))

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, word: str) -> list[int]:
        """The number of each character of `word`.

        Errors: UnknownCharacter names the character and the word, also for a boundary.
        """
        try:
            numbers = [self._numbers[character] for character in word]
        except KeyError as error:
            raise self._unknown(error.args[0], word) from None
        if 0 in numbers:
            raise boundary_in(word)
        return numbers

    def decode(self, numbers: Iterable[int]) -> str:
        """The characters with these numbers, as one string; the boundary is written as `.`.

        Errors: IndexError for a number outside 0 .. len - 1.
        """
        return "".join(self._character(number) for number in numbers)

    def codes(self, text: str) -> np.ndarray:
        """The number of each character of a long text at once, int64 (len(text),).

        Errors: UnknownCharacter, as `encode`.

        >>> Vocabulary.of(["ab"]).codes(".ab.ba.")
        array([0, 1, 2, 0, 2, 1, 0])
        """
        codes = numbers_of(text, self._by_code_point)
        if codes.size and codes.min() < 0:
            raise self._unknown(text[int(codes.argmin())], text)
        return codes

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {character: number for number, character in enumerate(self.characters)}

    @cached_property
    def _by_code_point(self) -> np.ndarray:
        return number_table(self.characters)

    def _character(self, number: int) -> str:
        if not 0 <= number < len(self):
            raise IndexError(
                f"no character has number {int(number)}; this vocabulary has 0 to {len(self) - 1}"
            )
        return self.characters[number]

    def _unknown(self, character: str, text: str) -> UnknownCharacter:
        where = f"in {text!r}" if len(text) <= 40 else f"at place {text.index(character) + 1}"
        return UnknownCharacter(
            f"{name_of(character)} {where} is not in the alphabet {shorten(self.characters[1:])!r}"
            f"{self._hint(text)}",
            character=character,
        )

    def _hint(self, text: str) -> str:
        """A hint if another spelling of the text is in the alphabet."""
        for spelling, how in (
            (text.lower(), "write it in lower case"),
            (unicodedata.normalize("NFC", text), "write accents composed (Unicode NFC)"),
            (unicodedata.normalize("NFD", text), "write accents as combining characters (NFD)"),
        ):
            if all(character in self._numbers for character in spelling):
                return f"; {how}"
        return "; use only those characters"


def boundary_in(word: str) -> UnknownCharacter:
    """The error for a word that contains the boundary."""
    return UnknownCharacter(
        f"{shorten(word)!r} contains '{BOUNDARY}', which marks where a word begins and ends; "
        "take it out",
        character=BOUNDARY,
    )


def name_of(character: str) -> str:
    """A character as error messages show it: with its code point unless it is plain ASCII.

    >>> print(name_of("?"), name_of("é"))
    '?' 'é' (U+00E9)
    """
    plain = character.isascii() and character.isprintable()
    return repr(character) if plain else f"{character!r} (U+{ord(character):04X})"


def shorten(text: str, *, limit: int = 60) -> str:
    """`text`, shortened in the middle if it is long.

    >>> shorten("abcdefghij", limit=5)
    'ab...ij'
    """
    return text if len(text) <= limit else f"{text[: limit // 2]}...{text[-(limit // 2) :]}"
