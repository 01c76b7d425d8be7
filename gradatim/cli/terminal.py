"""What the terminal can show: characters that it cannot encode, or would obey, are escaped."""

from __future__ import annotations

import io
import math
import shutil
import sys


def escape_unencodable() -> None:
    """Print characters the terminal cannot encode as escapes, `zo\\xeb`, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def columns() -> int | float:
    """The maximum line width in columns; unlimited in a pipe or file."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else math.inf


def harmless(text: str) -> str:
    """Text that is safe to print: control characters a terminal would obey are escaped.

    A model of bytes occasionally writes any of them. A pipe gets the text unchanged.
    """
    return text.translate(_OBEYED) if sys.stdout.isatty() else text


# Control characters except line ends and tabs
_OBEYED = {code: f"\\x{code:02x}" for code in (*range(9), *range(11, 32), *range(127, 160))}


def cells(text: str) -> int:
    """The number of terminal columns of a text: 学 takes two.

    >>> cells("emma"), cells("学而")
    (4, 4)
    """
    from rich.cells import cell_len

    return cell_len(text)


def padded(text: str, width: int) -> str:
    """Text padded with spaces to a number of columns.

    >>> padded("学而", 6) + "|"
    '学而  |'
    """
    return text + " " * (width - cells(text))


def has_unicode() -> bool:
    """Whether the terminal's encoding is Unicode."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    return encoding.lower().replace("-", "").startswith("utf")
