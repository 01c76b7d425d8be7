"""Errors as one line on stderr that says what to do, and an exit code."""

from __future__ import annotations

import contextlib
import os
import sys

import click

from ..core.errors import GradatimError
from ..training.errors import BadUse, did_you_mean

BAD_USE, FAILED, INTERRUPTED, NOBODY_READS = 2, 1, 130, 141


class ClosedPipe(Exception):
    """The reader of our output has closed the pipe."""


def explain(error: BaseException) -> int:
    """Print what went wrong; returns the exit code: 2 for bad use, 1 for failure, 130 for Ctrl-C.

    141, as for programs killed by a closed pipe, if nobody reads the output.
    """
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else FAILED
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        say("Stopped.")
        return INTERRUPTED
    if isinstance(error, (BrokenPipeError, ClosedPipe)):
        _detach_stdout()
        return NOBODY_READS
    say(f"Error: {_message(error)}")
    return _exit_code(error)


def _exit_code(error: BaseException) -> int:
    from ..data import DataError  # imported here, since it costs a tenth of the start-up time

    if isinstance(error, BadUse | DataError):
        return BAD_USE
    return error.exit_code if isinstance(error, click.ClickException) else FAILED


def say(line: str) -> None:
    """Print one line on stderr, even if stderr is closed or cannot encode it."""
    with contextlib.suppress(OSError, ValueError):
        click.echo(line.replace("\n", " "), err=True)


def _message(error: BaseException) -> str:
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "gradatim"
        if isinstance(error, click.NoSuchOption):  # click names up to three; 8.1 in other words
            near = did_you_mean(error.option_name, error.possibilities or [])
            message = f"no such option '{error.option_name}'{near}"
        else:
            message = error.format_message().rstrip(".")
        # click writes sentences; our messages continue with what to do.
        message = f"{message[:1].lower()}{message[1:]}"
        return message if message.endswith("?") else f"{message}; {path} --help shows how"
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, GradatimError):
        return str(error)
    if isinstance(error, MemoryError):
        return "not enough memory; use a smaller batch_size or model"
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}"
    return (
        f"{type(error).__name__}: {error} (this should not happen: the same command with --debug"
        " shows where; please report it)"
    )


def _detach_stdout() -> None:
    """Python flushes stdout again at exit, into the closed pipe."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
