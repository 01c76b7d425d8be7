"""A text as one long row of tokens, on disk if it is long."""

import tempfile

import numpy as np

from ..tokenizers import Tokenizer
from .text import Text

IN_MEMORY = 64 << 20  # characters; the tokens of longer texts go to a temporary file


def tokens_of(text: Text, tokenizer: Tokenizer) -> np.ndarray:
    """The tokens of a text, (N,), in the smallest unsigned integer type that holds them.

    They are computed piece by piece; those of a long text go to a temporary file, which is
    memory-mapped and disappears with the array.

    Errors: UnknownCharacter.

    >>> from gradatim.data.text import of
    >>> from gradatim.data.tokenizers import CharTokenizer
    >>> tokens_of(of("x", "abba"), CharTokenizer("ab"))
    array([0, 1, 1, 0], dtype=uint8)
    """
    dtype = _smallest(len(tokenizer))
    parts = (tokenizer.codes(piece).astype(dtype) for piece in text.pieces())
    if len(text) <= IN_MEMORY:
        return np.concatenate([np.empty(0, dtype), *parts])
    with tempfile.TemporaryFile() as file:
        for codes in parts:
            file.write(codes.tobytes())
        file.flush()
        return np.memmap(file, dtype, mode="r")


def _smallest(tokens: int) -> type[np.integer]:
    return np.uint8 if tokens <= 1 << 8 else np.uint16 if tokens <= 1 << 16 else np.uint32
