"""Running text to learn from: the English that every Python has, or any file of your own.

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
from .kept import keep, kept_tokens
from .text import Split, Text, of, read
from .tokens import tokens_of
from .windows import Tiles, Windows

__all__ = [
    "Split",
    "Text",
    "Tiles",
    "Windows",
    "english",
    "keep",
    "kept_tokens",
    "of",
    "prose",
    "read",
    "tokens_of",
]
