"""One pass over a word list: validate it, and find its characters and the offsets of words.

A line ends with LF, CR LF or CR. White space around a word, blank lines and a byte order mark are
skipped. The text is read in pieces, so memory use does not grow with the file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from mmap import mmap

import numpy as np

from ..errors import TextError
from .vocabulary import BOUNDARY, Vocabulary, shorten

LONGEST = 4096  # bytes in a line; a longer one is not a word, so the file is of another kind
PIECE = 1 << 20  # bytes processed at a time
STRIDE = 40  # words between recorded offsets

WHITE = " \t\n\r\v\f"
IS_WHITE = np.isin(np.arange(256), list(WHITE.encode()))
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Survey:
    """The result of one pass over a text.

    `places` (ceil(count / STRIDE) + 1,) are the byte offsets of every STRIDE-th word, and the end
    of the text.
    """

    count: int
    skipped: int
    places: np.ndarray
    vocabulary: Vocabulary


def survey(text: bytes | mmap, path: str) -> Survey:
    """Scan `text` once.

    Errors: TextError, with `path` and the line, if it holds no words, is not UTF-8, is binary, has
    a line longer than LONGEST, or a word with the boundary character.
    """
    count = lines = 0
    places: list[np.ndarray] = []
    characters: set[str] = set()
    for piece in pieces(text):
        check(piece, path, lines)
        places.append(piece.begins[-count % STRIDE :: STRIDE].copy())
        count += len(piece.begins)
        lines += piece.lines_before(len(piece.data))
        characters |= characters_of(piece)
    if count == 0:
        what = "is empty" if len(text) == 0 else "has only blank lines"
        raise TextError(f"{path} {what}; write one word on each line", path=path)
    if text[len(text) - 1 :] not in (b"\n", b"\r"):
        lines += 1
    return Survey(
        count=count,
        skipped=lines - count,
        places=np.concatenate([*places, [len(text)]]),
        vocabulary=Vocabulary(BOUNDARY + "".join(sorted(characters))),
    )


def words_in(data: bytes) -> list[str]:
    """The words of a piece of text, in order.

    >>> words_in(b"anna\\r\\n\\n  mary ann\\nzo\\xc3\\xab")
    ['anna', 'mary ann', 'zoë']
    """
    text = data.decode("utf-8")
    if "\r" in text:
        text = text.replace("\r", "\n")
    return [word for line in text.split("\n") if (word := line.strip(WHITE))]


@dataclass(frozen=True)
class Piece:
    """Whole lines of a text, starting at byte `start`."""

    start: int
    data: bytes

    @cached_property
    def values(self) -> np.ndarray:
        """The bytes as numbers."""
        return np.frombuffer(self.data, np.uint8)

    @cached_property
    def ends(self) -> np.ndarray:
        """The positions of line ends in the piece; the last line may have none."""
        return np.flatnonzero((self.values == ord("\n")) | (self.values == ord("\r")))

    @cached_property
    def edges(self) -> np.ndarray:
        """The positions before the first line, between lines, and after the last."""
        return np.concatenate([[-1], self.ends, [len(self.data)]])

    @cached_property
    def plain(self) -> bool:
        """Whether line ends are the only white space: the usual case, and fast to split."""
        return np.count_nonzero(self.values <= ord(" ")) == len(self.ends)

    @cached_property
    def begins(self) -> np.ndarray:
        """The byte offsets in the text of the piece's words, or of the white space before them."""
        first, after = self.edges[:-1] + 1, self.edges[1:]
        has_word = first < after
        if not self.plain:
            seen = np.append(0, np.cumsum(~IS_WHITE[self.values]))  # visible bytes before each
            has_word[has_word] = seen[after[has_word]] > seen[first[has_word]]
        return self.start + first[has_word]

    def lines_before(self, place: int) -> int:
        """The number of lines of the piece that end before a position."""
        part = self.data[:place]
        ends = np.searchsorted(self.ends, place)
        return int(ends) - (part.count(b"\r\n") if b"\r" in part else 0)


def pieces(text: bytes | mmap) -> Iterator[Piece]:
    """Split `text` after line ends into pieces of about PIECE bytes."""
    start = len(BYTE_ORDER_MARK) if text[:3] == BYTE_ORDER_MARK else 0
    while start < len(text):
        end = start + PIECE
        if end < len(text):
            end = max(text.rfind(b"\n", start, end), text.rfind(b"\r", start, end - 1)) + 1 or end
        yield Piece(start, text[start:end])
        start = end


def characters_of(piece: Piece) -> set[str]:
    """The characters of the words in a piece, including white space inside words."""
    if not piece.plain:
        return set("".join(words_in(piece.data)))
    if not piece.data.isascii():
        return set(piece.data.decode("utf-8")) - set(WHITE)
    seen = np.zeros(128, bool)
    seen[piece.values] = True
    return {chr(code) for code in np.flatnonzero(seen)} - set(WHITE)


def check(piece: Piece, path: str, lines: int) -> None:
    """Raise TextError for an error in a piece that follows `lines` lines."""

    def fault(place: int, what: str) -> TextError:
        line = lines + piece.lines_before(place) + 1
        return TextError(f"{path}, line {line}: {what}", path=path, line=line)

    data = piece.data
    if piece.start == 0 and data[:2] in UTF_16:
        raise TextError(f"{path} is UTF-16; save it as UTF-8", path=path)
    if b"\0" in data:
        what = "a zero byte: this is not text; give a text file with one word on each line"
        raise fault(data.index(b"\0"), what)
    long = np.flatnonzero(np.diff(piece.edges) > LONGEST + 1)
    if long.size:
        what = f"longer than {LONGEST:,} bytes, which is no word; write one word on each line"
        raise fault(int(piece.edges[long[0]]) + 1, what)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        what = f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise fault(error.start, what) from None
    if BOUNDARY.encode() in data:
        word = next(word for word in words_in(data) if BOUNDARY in word)
        what = f"{shorten(word)!r} contains '{BOUNDARY}', which marks where a word begins and ends"
        raise fault(data.index(BOUNDARY.encode()), f"{what}; take it out")
