"""One pass over a text: validate it, and find its length, characters and pieces.

A text is UTF-8; a byte order mark is skipped, and CR LF and CR count as LF. It is read in pieces of
about a megabyte, split after a line where possible, so memory use does not grow with the file. The
split depends on the bytes alone: the same text has the same pieces, in memory or in a file.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from mmap import mmap

import numpy as np

from ..errors import TextError

PIECE = 1 << 20  # bytes processed at a time
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Survey:
    """The result of one pass over a text.

    `places` (pieces + 1,) are the byte offsets where pieces begin and the last one ends, `starts`
    the number of characters before them; `digest` is the SHA-256 of the text as UTF-8, without a
    byte order mark and with LF line ends.
    """

    places: np.ndarray
    starts: np.ndarray
    characters: str
    digest: str


def survey(data: bytes | mmap, path: str) -> Survey:
    """Scan every character of a text once.

    Errors: TextError, with `path` and the line, if it is empty, not UTF-8 or binary.
    """
    if data[:2] in UTF_16:
        raise TextError(f"{path} is UTF-16; save it as UTF-8", path=path)
    edges = list(_edges(data))
    sha, characters, lengths, line = hashlib.sha256(), set[str](), [0], 1
    for start, stop in pairwise(edges):
        text = _sound(data[start:stop], path, line)
        line += text.count("\n")
        sha.update(text.encode("utf-8"))
        characters |= set(text)
        lengths.append(len(text))
    if len(lengths) == 1:
        raise TextError(f"{path} is empty; give a text", path=path)
    alphabet = "".join(sorted(characters))
    return Survey(np.array(edges), np.cumsum(lengths), alphabet, sha.hexdigest())


def decoded(piece: bytes) -> str:
    """The characters of a piece, with line ends as LF.

    >>> decoded(b"one\\r\\ntwo\\rthree")
    'one\\ntwo\\nthree'
    """
    text = piece.decode("utf-8")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _edges(data: bytes | mmap) -> Iterator[int]:
    start = len(BYTE_ORDER_MARK) if data[:3] == BYTE_ORDER_MARK else 0
    while start < len(data):
        yield start
        end = start + PIECE
        start = _cut(data, start, end) if end < len(data) else len(data)
    yield start


def _cut(data: bytes | mmap, start: int, end: int) -> int:
    """Where a piece ends: after its last line, or at least between two characters."""
    after_line = data.rfind(b"\n", start, end) + 1
    if after_line > start:
        return after_line
    while data[end] & 0xC0 == 0x80 or data[end : end + 1] == b"\n":
        end -= 1
        if end <= start:
            return start + PIECE  # not UTF-8, which validation reports
    return end


def _sound(piece: bytes, path: str, line: int) -> str:
    """The characters of a piece that starts in line `line`. Errors: TextError."""

    def fault(place: int, what: str) -> TextError:
        at = line + piece.count(b"\n", 0, place)
        return TextError(f"{path}, line {at}: {what}", path=path, line=at)

    if b"\0" in piece:
        raise fault(piece.index(b"\0"), "a zero byte: this is not text; give a text file")
    try:
        return decoded(piece)
    except UnicodeDecodeError as error:
        what = f"byte 0x{piece[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise fault(error.start, what) from None
