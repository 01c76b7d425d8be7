"""Pre-tokenisation: a text is split into pieces, and no token crosses a border between pieces.

Without that, tokens such as "dog." and "dog!" would each be learned for themselves. The cut is that
of GPT-2 (Radford et al. 2019, section 2.2) with Python's classes of characters: a word, a number
or other signs, each with a space before it; the endings 's, 't, 'll ...; white space, but for the
last space before a word.
"""

import re

_PIECE = re.compile(
    r"'(?:[sdmt]|ll|ve|re)"
    r"| ?[^\W\d_]+"
    r"| ?\d+"
    r"| ?(?:[^\w\s]|_)+"
    r"|\s+(?!\S)"
    r"|\s+"
)


def pieces(text: str) -> list[str]:
    """The pieces of a text, which joined are the text.

    >>> pieces("It's 1948:  a theory")
    ['It', "'s", ' 1948', ':', ' ', ' a', ' theory']
    """
    return _PIECE.findall(text)
