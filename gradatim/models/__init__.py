"""Models, one self-contained file each, and the list of them that the command line reads.

Every file has a frozen `Config` with at least `vocab_size` and `block_size`, and a `Model`:

    model = Model(config)                  weights from the default generator
    logits, loss = model(X, Y)             X (B, block_size) and Y (B,) int64; loss is the mean
    logits, loss = model(X)                negative log likelihood in nats, None without Y

Logits are (B, vocab_size). A model that is counted instead of descended has no parameters and a
method `learn(X, Y)`, called with parts of the examples until all were seen; `sampling` draws words
from any of them.
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
