"""Models, one self-contained file each, and the catalogue that the command line reads.

Every file has a frozen `Config` with at least `vocab_size` and `block_size`, and a `Model`:

    model = Model(config)                  weights from the default generator
    logits, loss = model(X, Y)             loss is the mean negative log likelihood in nats
    logits, loss = model(X)                None without Y

Models of letters predict one letter from the `block_size` letters before it: X (B, block_size) and
Y (B,) int64, logits (B, vocab_size). Models of sequences predict what follows each token of a text:
X and Y (B, T), T up to `block_size`, logits (B, T, vocab_size).

A model that is counted instead of trained by gradient descent has no parameters and a method
`learn(X, Y)`, called with the examples batch by batch. `sampling` draws words from models of
letters, `generation` continues texts with models of sequences.
"""

import importlib
import typing

from .catalogue import MODELS, Entry, Variant
from .generation import Writer, generate
from .sampling import sample, surprise
from .stream import Stream

__all__ = [
    "MODELS",
    "Entry",
    "Stream",
    "Variant",
    "Writer",
    "bigram",
    "bigram_counts",
    "generate",
    "gpt",
    "mlp",
    "sample",
    "surprise",
]


def __getattr__(name: str) -> typing.Any:
    """Load a model's file on first use: `gradatim.models.gpt`."""
    if name in ("bigram", "bigram_counts", "gpt", "mlp"):
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)


def __dir__() -> list[str]:
    return sorted(__all__)
