"""What this terminal can show: letters it lacks are escaped, bars are only for terminals."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def never_choke_on_a_letter() -> None:
    """Print what the terminal's encoding lacks as an escape, `zo\\xeb`, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def console(*, stderr: bool = False) -> Console:
    """A rich console that prints plain text as it is: no markup, no colours for numbers.

    In a pipe rich would fold lines at 80 columns; a program that reads them wants them whole.
    """
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else 200
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=width)


def speaks_unicode() -> bool:
    """Whether the terminal's encoding has more than a few hundred characters."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    return encoding.lower().replace("-", "").startswith("utf")
