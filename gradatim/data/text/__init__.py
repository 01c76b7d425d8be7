"""Running text for training: the English that comes with Python, or any file of your own.

>>> from gradatim.data import text
>>> from gradatim.data.tokenizers import CharTokenizer
>>> train, dev, test = text.english().split()
>>> tokenizer = CharTokenizer(text.english().characters)
>>> windows = text.Windows(text.tokens_of(train, tokenizer), 16)
>>> X, Y = windows[:1]
>>> tokenizer.decode(X[0]), tokenizer.decode(Y[0])
('Assert statement', 'ssert statements')
"""

from .english import english, prose
from .text import Split, Text, of, read
from .token_cache import cached_tokens, store_tokens
from .tokens import tokens_of
from .windows import Tiles, Windows

__all__ = [
    "Split",
    "Text",
    "Tiles",
    "Windows",
    "cached_tokens",
    "english",
    "of",
    "prose",
    "read",
    "store_tokens",
    "tokens_of",
]


def __dir__() -> list[str]:
    return sorted(__all__)
