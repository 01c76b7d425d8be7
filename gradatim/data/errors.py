"""Errors about data; each message says what is wrong, where, and what to do."""

from ..core.errors import GradatimError


class DataError(GradatimError):
    """Base of every error about data; catch this one to catch them all."""


class DataFileError(DataError, OSError):
    """The file cannot be read at all: it is missing, a folder, not a plain file, or forbidden."""


class TextError(DataError, ValueError):
    """The file is there, but not such a text as was asked for.

    `path` is the file, `line` the number of the first bad line, counted from 1; None where no
    single line is to blame.
    """

    def __init__(self, message: str, *, path: str, line: int | None = None):
        super().__init__(message)
        self.path = path
        self.line = line


class TooFewWords(DataError, ValueError):
    """Not enough words to have some for training, some for choosing and some for testing."""


class UnknownCharacter(DataError, ValueError):
    """A character that the alphabet does not have; `character` is that character."""

    def __init__(self, message: str, *, character: str):
        super().__init__(message)
        self.character = character


class TokenizerError(DataError, ValueError):
    """A tokeniser cannot be made, or its file is not as it was written."""


class DoesNotFit(DataError, ValueError):
    """A text shorter than a context, or a word longer than one."""
