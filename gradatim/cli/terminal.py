"""What this terminal can show: characters it lacks, or would obey, are escaped."""

from __future__ import annotations

import io
import math
import shutil
import sys


def never_choke_on_a_letter() -> None:
    """Print what the terminal's encoding lacks as an escape, `zo\\xeb`, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def columns() -> int | float:
    """How many columns a line may have; in a pipe or file as many as it wants."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else math.inf


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
