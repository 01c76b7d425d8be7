"""Data to learn from, as plain NumPy arrays. Nothing here knows a tensor or a network."""

from . import names, tokenizers
from .errors import (
    DataError,
    DataFileError,
    TextError,
    TokenizerError,
    TooFewWords,
    UnknownCharacter,
)

__all__ = [
    "DataError",
    "DataFileError",
    "TextError",
    "TokenizerError",
    "TooFewWords",
    "UnknownCharacter",
    "names",
    "tokenizers",
]
