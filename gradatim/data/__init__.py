"""Data sets as plain NumPy arrays, and (in `loading/`) the loader that makes batches.

The loader and its datasets are importable as in PyTorch: `gradatim.utils.data`.
"""

from . import digits, names, text, tokenizers
from .errors import (
    DataError,
    DataFileError,
    DoesNotFit,
    TextError,
    TokenizerError,
    TooFewWords,
    UnknownCharacter,
)

__all__ = [
    "DataError",
    "DataFileError",
    "DoesNotFit",
    "TextError",
    "TokenizerError",
    "TooFewWords",
    "UnknownCharacter",
    "digits",
    "names",
    "text",
    "tokenizers",
]


def __dir__() -> list[str]:
    return sorted(__all__)
