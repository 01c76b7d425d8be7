"""Models, one self-contained file each, and the list of them that the command line reads.

Every file has a frozen `Config` with at least `vocab_size` and `block_size`, and a `Model`:

    model = Model(config)                  weights from the default generator
    logits, loss = model(X, Y)             loss is the mean negative log likelihood in nats
    logits, loss = model(X)                None without Y

Models of letters look at the `block_size` letters before one: X (B, block_size) and Y (B,) int64,
logits (B, vocab_size). Models of sequences say what follows each token of a text: X and Y (B, T),
T up to `block_size`, logits (B, T, vocab_size).

A model that is counted instead of descended has no parameters and a method `learn(X, Y)`, called
with parts of the examples until all were seen. `sampling` draws words from models of letters,
`generation` continues texts with those of sequences.
"""

from .catalogue import MODELS, Entry, Recipe, Variant, find
from .generation import Writer, generate
from .sampling import sample, surprise
from .stream import Stream

__all__ = [
    "MODELS",
    "Entry",
    "Recipe",
    "Stream",
    "Variant",
    "Writer",
    "find",
    "generate",
    "sample",
    "surprise",
]
