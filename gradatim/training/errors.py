"""Errors of commands: bad use (exit code 2), or a failure (exit code 1)."""

from collections.abc import Iterable
from difflib import get_close_matches

from ..core.errors import GradatimError


class BadUse(GradatimError, ValueError):
    """The request is invalid; the message says what to write instead."""

    exit_code = 2


class Failure(GradatimError, RuntimeError):
    """A valid request could not be carried out; the message says what to do."""

    exit_code = 1


class CheckpointError(Failure):
    """A checkpoint is missing, damaged, or belongs to another model."""


class DamagedCheckpoint(CheckpointError):
    """A checkpoint's bytes have changed since it was written."""


class RunInUse(Failure):
    """Another process is training the same run."""


class Diverged(Failure):
    """The loss became nan or infinite.

    `step` counts from 1: it is the step that would have been completed.
    """

    def __init__(self, message: str, *, step: int):
        super().__init__(message)
        self.step = step


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The nearest known word as a clause for an error message, or nothing if none is near.

    >>> did_you_mean("leraning_rate", ["steps", "learning_rate"])
    "; did you mean 'learning_rate'?"
    >>> did_you_mean("xyz", ["steps", "learning_rate"])
    ''
    """
    near = nearest(word, known)
    return f"; did you mean '{near}'?" if near else ""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word with the closest spelling, or with these initials.

    >>> nearest("stesp", ["steps", "learning_rate"]), nearest("lr", ["steps", "learning_rate"])
    ('steps', 'learning_rate')
    """
    words = list(known)
    if near := get_close_matches(word, words, n=1, cutoff=0.6):
        return near[0]
    if len(word) < 2:
        return None
    initials = ("".join(part[:1] for part in each.split("_")) for each in words)
    return next((w for w, letters in zip(words, initials, strict=True) if letters == word), None)
