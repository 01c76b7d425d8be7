"""Text as numbers and back: a token per character, or byte-pair tokens learned from a text.

>>> from gradatim.data.tokenizers import BPETokenizer, CharTokenizer
>>> CharTokenizer.train("hello").encode("hole")
[1, 3, 2, 0]
>>> tokenizer = BPETokenizer.train("the cat, the hat and the bat", 260)
>>> [tokenizer.decode([i]) for i in tokenizer.encode("the bat")]
['the', ' ', 'b', 'at']

Both round-trip Unicode text, support special tokens, and are saved as JSON with a checksum.
"""

from .bpe import BPETokenizer
from .char import CharTokenizer
from .kinds import KINDS, from_json, load
from .tokenizer import Tokenizer

__all__ = ["KINDS", "BPETokenizer", "CharTokenizer", "Tokenizer", "from_json", "load"]
