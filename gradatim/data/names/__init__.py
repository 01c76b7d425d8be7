"""Words for training: 29,910 built-in first names, or any file of your own.

>>> from gradatim.data import names
>>> words = names.load()
>>> train, dev, test = words.split()
>>> rows = train.rows(3)
>>> X, Y = rows[:5]
>>> [words.vocabulary.decode(context) for context in X]
['...', '..l', '.li', 'lia', 'iam']
>>> words.vocabulary.decode(Y)
'liam.'
"""

from .blocks import contexts, pairs
from .mapped import MappedRows, MappedWords
from .parts import SEED
from .rows import Rows
from .sequences import WORD, Sequences
from .vocabulary import BOUNDARY, Vocabulary
from .words import Split, Words, load, read

__all__ = [
    "BOUNDARY",
    "SEED",
    "WORD",
    "MappedRows",
    "MappedWords",
    "Rows",
    "Sequences",
    "Split",
    "Vocabulary",
    "Words",
    "contexts",
    "load",
    "pairs",
    "read",
]


def __dir__() -> list[str]:
    return sorted(__all__)
