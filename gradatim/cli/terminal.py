"""What this terminal can show: characters it lacks, or would obey, are escaped."""

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


def harmless(text: str) -> str:
    """Text as a terminal may be given it: without what would clear it, ring, or move in it.

    A model of bytes writes any of them, if seldom. A pipe gets the text as it is.
    """
    return text.translate(_OBEYED) if sys.stdout.isatty() else text


# Control characters, but for the ends of lines and tabs
_OBEYED = {code: f"\\x{code:02x}" for code in (*range(9), *range(11, 32), *range(127, 160))}


def cells(text: str) -> int:
    """How many places a text takes on a terminal: 学 takes two.

    >>> cells("emma"), cells("学而")
    (4, 4)
    """
    from rich.cells import cell_len

    return cell_len(text)


def padded(text: str, width: int) -> str:
    """Text, and spaces up to so many places.

    >>> padded("学而", 6) + "|"
    '学而  |'
    """
    return text + " " * (width - cells(text))


def speaks_unicode() -> bool:
    """Whether the terminal's encoding has more than a few hundred characters."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    return encoding.lower().replace("-", "").startswith("utf")
