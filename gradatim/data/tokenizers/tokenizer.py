"""The base of all tokenisers: text to numbers and back, and a file with a checksum."""

import codecs
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from ...core.files import write_atomically
from ..errors import TokenizerError, UnknownCharacter
from ..names.vocabulary import name_of, shorten
from .file import checksum, file_of, read_json


class Tokenizer(ABC):
    """Numbers for pieces of text: `decode(encode(text)) == text`.

    `tokens` are the bytes that each number stands for. The first numbers are `specials`, names such
    as "<|end|>" that mark a position: `encode` never produces them from text, and `decode` writes
    their names.
    """

    kind: ClassVar[str]
    specials: tuple[str, ...]
    tokens: tuple[bytes, ...]

    @abstractmethod
    def codes(self, text: str) -> np.ndarray:
        """The numbers of a text, an int64 array.

        Errors: UnknownCharacter names the character and its position.
        """

    @abstractmethod
    def fields(self) -> dict[str, Any]:
        """The contents of its file besides the specials, as JSON values."""

    @classmethod
    @abstractmethod
    def of_fields(cls, fields: dict[str, Any], specials: tuple[str, ...]) -> Self:
        """The inverse of `fields`. Errors: TokenizerError, KeyError, TypeError, ValueError."""

    def __len__(self) -> int:
        return len(self.tokens)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tokenizer) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash((self.kind, self.tokens))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self):,} tokens>"

    def encode(self, text: str) -> list[int]:
        """The numbers of a text. Errors: UnknownCharacter names the character and its position."""
        numbers: list[int] = self.codes(text).tolist()
        return numbers

    def codes_of_all(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of several texts, concatenated, and the length of each."""
        rows = [self.codes(text) for text in texts]
        lengths = np.array([len(codes) for codes in rows], np.int64)
        return np.concatenate([np.empty(0, np.int64), *rows]), lengths

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of these numbers; incomplete characters become U+FFFD.

        Errors: IndexError for a number outside 0 .. len - 1.
        """
        return b"".join(map(self._token, numbers)).decode("utf-8", "replace")

    def stream(self, numbers: Iterable[int]) -> Iterator[str]:
        """The same text piece by piece, as soon as its characters are complete.

        A character may span several tokens: it is yielded with the last of them.

        >>> from gradatim.data.tokenizers import BPETokenizer
        >>> list(BPETokenizer([]).stream([72, 195, 169]))
        ['H', 'é']
        """
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        for number in numbers:
            if piece := decoder.decode(self._token(number)):
                yield piece
        if rest := decoder.decode(b"", final=True):
            yield rest

    def name(self, number: int) -> str:
        """The text of one token; bytes that are not a complete character as their values.

        >>> from gradatim.data.tokenizers import BPETokenizer
        >>> [BPETokenizer([]).name(number) for number in (72, 195)]
        ['H', '<0xC3>']
        """
        return _named(self._token(number))

    def special(self, name: str) -> int:
        """The number of a special token. Errors: KeyError lists the known ones."""
        if name not in self.specials:
            there = ", ".join(self.specials) or "none"
            raise KeyError(f"no special token {name!r}; there is {there}")
        return self.specials.index(name)

    def to_json(self) -> dict[str, Any]:
        """Everything about the tokeniser as JSON values, with a checksum."""
        body = {"kind": self.kind, "specials": list(self.specials), **self.fields()}
        return {**body, "checksum": checksum(body)}

    def digest(self) -> str:
        """A hash that identifies this tokeniser."""
        return str(self.to_json()["checksum"])

    def save(self, path: str | PathLike[str]) -> None:
        """Write it as JSON, atomically. Errors: OSError."""
        write_atomically(Path(path), self.to_bytes())

    def to_bytes(self) -> bytes:
        """The bytes of its file."""
        return file_of(self.to_json())

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Load a tokeniser of this kind from its file.

        Errors: DataFileError if it cannot be read; TokenizerError if it was altered, or is of
        another kind.
        """
        values = read_json(Path(path))
        if values.get("kind") != cls.kind:
            raise TokenizerError(
                f"{path} holds a tokeniser of kind {values.get('kind')!r}, not {cls.kind!r};"
                " gradatim.data.tokenizers.load reads any kind"
            )
        return cls.from_json(values, source=str(path))

    @classmethod
    def from_json(cls, values: dict[str, Any], *, source: str) -> Self:
        """The inverse of `to_json`; `source` is named in errors.

        Errors: TokenizerError if the checksum differs or the values are invalid.
        """
        body = {key: value for key, value in values.items() if key != "checksum"}
        if values.get("checksum") != checksum(body):
            raise TokenizerError(
                f"{source} was altered: its checksum differs; restore it from a copy, or train the"
                " tokeniser again"
            )
        try:
            specials = body.pop("specials")
            if not isinstance(specials, list):
                raise TypeError(f"its special tokens are {specials!r}, not a list")
            body.pop("kind")
            return cls.of_fields(body, tuple(specials))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise TokenizerError(f"{source} makes no tokeniser: {error}") from None

    def _token(self, number: int) -> bytes:
        if not 0 <= number < len(self.tokens):
            raise IndexError(
                f"no token has number {int(number)}; this tokeniser has 0 to {len(self) - 1}"
            )
        return self.tokens[number]


def _named(token: bytes) -> str:
    try:
        return token.decode("utf-8")
    except UnicodeDecodeError as error:
        before, odd = token[: error.start].decode("utf-8"), token[error.start : error.end]
        return before + "".join(f"<0x{byte:02X}>" for byte in odd) + _named(token[error.end :])


def check_specials(specials: tuple[str, ...]) -> None:
    """Raise TokenizerError unless the specials are distinct strings."""
    for name in specials:
        if not (isinstance(name, str) and name and specials.count(name) == 1):
            raise TokenizerError(f"special tokens are texts, each once; got {list(specials)}")
        check_text(name)


def check_text(text: str) -> None:
    """Raise TypeError for anything but text, UnknownCharacter for half of a surrogate pair.

    No UTF-8 file can hold one; Python creates them from arguments that are not UTF-8.
    """
    if not isinstance(text, str):
        raise TypeError(f"a tokeniser takes texts (str), got {shorten(repr(text))}")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        character = text[error.start]
        raise UnknownCharacter(
            f"{name_of(character)} at place {error.start + 1} is half a character: the text was"
            " not UTF-8 where it comes from",
            character=character,
        ) from None
