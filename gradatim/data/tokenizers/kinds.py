"""The kinds of tokenisers, and loading any of them from a file."""

from os import PathLike
from pathlib import Path
from typing import Any

from ..errors import TokenizerError
from .bpe import BPETokenizer
from .char import CharTokenizer
from .file import read_json
from .tokenizer import Tokenizer

KINDS: dict[str, type[Tokenizer]] = {"bpe": BPETokenizer, "char": CharTokenizer}


def load(path: str | PathLike[str]) -> Tokenizer:
    """Load a tokeniser of any kind from its file.

    Errors: DataFileError if it cannot be read; TokenizerError if it is invalid or altered.
    """
    return from_json(read_json(Path(path)), source=str(path))


def from_json(values: dict[str, Any], *, source: str) -> Tokenizer:
    """The inverse of `Tokenizer.to_json`. Errors: TokenizerError names the source."""
    kind = values.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise TokenizerError(
            f"{source} holds a tokeniser of kind {kind!r}, and this Gradatim knows"
            f" {', '.join(KINDS)}; update Gradatim"
        )
    return KINDS[kind].from_json(values, source=source)
