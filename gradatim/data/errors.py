"""Errors about data; each message says what is wrong, where, and what to do."""

from ..core.errors import GradatimError


class DataError(GradatimError):
    """The base of all errors about data."""


class DataFileError(DataError, OSError):
    """The file cannot be read at all: it is missing, a folder, not a plain file, or forbidden."""


class TextError(DataError, ValueError):
    """The file can be read but is not a valid text of the expected kind.

    `path` is the file, `line` the number of the first bad line, counted from 1, or None if the
    error is not in a single line.
    """

    def __init__(self, message: str, *, path: str, line: int | None = None):
        super().__init__(message)
        self.path = path
        self.line = line


class TooFewWords(DataError, ValueError):
    """Not enough words for a training, a dev and a test part."""


class UnknownCharacter(DataError, ValueError):
    """A character outside the alphabet; `character` is that character."""

    def __init__(self, message: str, *, character: str):
        super().__init__(message)
        self.character = character


class TokenizerError(DataError, ValueError):
    """A tokeniser cannot be made, or its file is damaged or altered."""


class DoesNotFit(DataError, ValueError):
    """A text shorter than a context, or a word longer than one."""
