"""An on-disk cache for the tokens of long texts.

    tokens-<key>.bin    gradatim tokens 1 <dtype> <sha256 of the rest>, padded to 128 bytes;
                        then the tokens as in memory

The key identifies the text, its part and the tokeniser. A missing or damaged file is rewritten.
"""

import hashlib
import json
from contextlib import suppress
from pathlib import Path

import numpy as np

from ...core.files import write_atomically
from ..tokenizers import Tokenizer
from .text import Text
from .tokens import tokens_of

CACHED_FROM = 4 << 20  # characters: shorter texts are tokenised in less than a second
_MARK, _HEAD = "gradatim tokens 1", 128


def cached_tokens(text: Text, tokenizer: Tokenizer, folder: Path | None) -> np.ndarray:
    """`tokens_of` a text, read from the cache in `folder` or computed and stored there.

    Short texts and single-character tokens are not cached: computing them is as fast as reading.
    """
    if folder is None or not _is_worth_it(text, tokenizer):
        return tokens_of(text, tokenizer)
    path = folder / _name(text, tokenizer)
    row = _read(path)
    if row is None:
        row = tokens_of(text, tokenizer)
        _write(path, row)
    return row


def store_tokens(row: np.ndarray, text: Text, tokenizer: Tokenizer, folder: Path) -> None:
    """Store tokens that were already computed where `cached_tokens` looks for them."""
    path = folder / _name(text, tokenizer)
    if _is_worth_it(text, tokenizer) and not path.exists():
        _write(path, row)


def _is_worth_it(text: Text, tokenizer: Tokenizer) -> bool:
    return tokenizer.kind != "char" and len(text) >= CACHED_FROM


def _name(text: Text, tokenizer: Tokenizer) -> str:
    of = json.dumps([text.digest(), text.start, text.stop, tokenizer.digest()])
    return f"tokens-{hashlib.sha256(of.encode('ascii')).hexdigest()[:16]}.bin"


def _write(path: Path, row: np.ndarray) -> None:
    """Write the file if possible; a failure is ignored, since it only costs time."""
    numbers = np.ascontiguousarray(row)
    head = f"{_MARK} {row.dtype} {hashlib.sha256(numbers.data).hexdigest()}\n"
    with suppress(OSError):
        write_atomically(path, head.ljust(_HEAD).encode("ascii"), numbers.data)


def _read(path: Path) -> np.ndarray | None:
    """The tokens of a file, memory-mapped; None if it is missing or damaged."""
    try:
        with path.open("rb") as file:
            *mark, dtype, digest = file.read(_HEAD).decode("ascii").split()
        if " ".join(mark) != _MARK:
            return None
        row = np.memmap(path, np.dtype(dtype), mode="r", offset=_HEAD)
    except (OSError, ValueError, TypeError):
        return None
    return row if hashlib.sha256(row.data).hexdigest() == digest else None
