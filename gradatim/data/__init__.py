"""Data: words to learn from, as plain NumPy arrays. Nothing here knows a tensor or a network."""

from . import names
from .errors import DataError, DataFileError, TextError, TooFewWords, UnknownCharacter

__all__ = [
    "DataError",
    "DataFileError",
    "TextError",
    "TooFewWords",
    "UnknownCharacter",
    "names",
]
