"""An English text that comes with every Python: the prose of its language reference.

Source: `pydoc_data.topics`, which `help("assert")` and the like print. It comes with the running
Python and is not part of this library; its licence is that of Python's documentation (PSF License
Agreement version 2). Python versions differ in it by some paragraphs, so a run records the digest
of the text; in CPython 3.11.7 it has 250,589 characters.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache

from ..errors import DataError
from .text import Text, of

_PLAIN = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "…": "..."})
_BLOCKS = re.compile(r"\n[ \t]*\n")
_BULLET = re.compile(r"^(\*|\d+\.|\[\d+\]) ")
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,2})(\w(?:[^*]*\w)?)\1(?![\w*])")
_SENTENCES = re.compile(r"[\"(\[]?[A-Z].*[.:?!)]")
_NO_PROSE = re.compile(r"::=|>>>|={3}|\*{4}|-{4}|~{4}|\^{4}")


@cache
def english() -> Text:
    """Python's language reference as a text with one paragraph per line, in ASCII.

    Errors: DataError if this Python was installed without it.

    >>> english().read()[:39]
    'Assert statements are a convenient way '
    """
    try:
        from pydoc_data.topics import topics
    except ImportError:
        raise DataError(
            "this Python came without its help texts (pydoc_data), so there is no English text;"
            " give a file with --data FILE"
        ) from None
    return of("english", prose(topics))


def prose(topics: Mapping[str, str]) -> str:
    """The paragraphs of the topics, ordered by topic, each once and on its own line.

    Titles, tables, grammar, code and emphasis marks are left out.

    >>> prose({"b": "The end of it is here.", "a": "Title\\n***\\n\\nThis is *a* text\\nto read."})
    'This is a text to read.\\nThe end of it is here.\\n'
    """
    paragraphs = dict.fromkeys(p for name in sorted(topics) for p in _paragraphs(topics[name]))
    return "".join(f"{paragraph}\n" for paragraph in paragraphs)


def _paragraphs(topic: str) -> Iterator[str]:
    for block in _BLOCKS.split(topic):
        line = _BULLET.sub("", " ".join(block.split()).translate(_PLAIN), count=1)
        line = _EMPHASIS.sub(r"\2", line)
        is_prose = _SENTENCES.fullmatch(line) and not _NO_PROSE.search(line)
        if is_prose and line.count(" ") >= 4 and line.isascii():
            yield line
