"""Pre-tokenisation: a text is split into pieces, and no token crosses a piece boundary.

Otherwise "dog." and "dog!" would each become a token. The split is that of GPT-2 (Radford et al.
2019, section 2.2) with Python's character classes: a word, a number or other symbols, each with a
space before it; the endings 's, 't, 'll ...; white space, except the last space before a word.
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
    """The pieces of a text; joined they give the text.

    >>> pieces("It's 1948:  a theory")
    ['It', "'s", ' 1948', ':', ' ', ' a', ' theory']
    """
    return _PIECE.findall(text)
