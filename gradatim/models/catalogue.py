"""Which models there are, where each comes from, and how it is trained by default."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from types import ModuleType


@dataclass(frozen=True)
class Recipe:
    """How to train a model; the fields are those of the training settings.

    `batch_size` 0 takes all examples in every step.
    """

    steps: int
    batch_size: int
    optimizer: str = "adamw"
    learning_rate: float = 1e-3
    momentum: float = 0.0
    weight_decay: float = 0.0
    schedule: str = "constant"
    warmup: int = 0
    final_fraction: float = 0.1


@dataclass(frozen=True)
class Entry:
    """One model: its name on the command line, its file, its paper and what to expect of it.

    `expected_dev_loss` is the range, in nats per character, that the recipe reaches on the
    embedded names.
    """

    name: str
    module: str
    summary: str
    paper: str
    expected_dev_loss: tuple[float, float]
    recipe: Recipe

    def load(self) -> ModuleType:
        """The model's file, with its `Config` and `Model`."""
        return import_module(self.module, "gradatim.models")


MODELS = (
    Entry(
        name="bigram-counts",
        module=".bigram_counts",
        summary="how often each letter follows each other one: counted, not trained",
        paper="Shannon 1948, A Mathematical Theory of Communication, section 3",
        expected_dev_loss=(2.45, 2.47),
        recipe=Recipe(steps=1, batch_size=0),
    ),
    Entry(
        name="bigram",
        module=".bigram",
        summary="the same table found by gradient descent on a 27 x 27 matrix",
        paper="Shannon 1948, A Mathematical Theory of Communication, section 3",
        expected_dev_loss=(2.45, 2.48),
        recipe=Recipe(
            steps=1_000,
            batch_size=4_096,
            optimizer="adam",
            learning_rate=0.1,
            schedule="cosine",
            final_fraction=0.01,
        ),
    ),
    # Chosen on dev, where it ends at 2.13. Rates of 5e-3 and 1e-2 with batches from 256 to 1,024
    # end between 2.12 and 2.15; 3,000 steps at 2.175; weight decay of 0.1 costs 0.04. What helps is
    # to see more: with m=20 it ends at 2.11, with block_size=5 at 2.07.
    Entry(
        name="mlp",
        module=".mlp",
        summary="letters as vectors, three of them into a hidden layer",
        paper="Bengio et al. 2003, A Neural Probabilistic Language Model, JMLR 3",
        expected_dev_loss=(2.10, 2.16),
        recipe=Recipe(
            steps=10_000,
            batch_size=256,
            optimizer="adamw",
            learning_rate=5e-3,
            schedule="cosine",
            final_fraction=0.01,
        ),
    ),
)


def find(name: str) -> Entry:
    """The entry of a model.

    Errors: KeyError lists the names there are.

    >>> find("mlp").paper
    'Bengio et al. 2003, A Neural Probabilistic Language Model, JMLR 3'
    """
    for entry in MODELS:
        if entry.name == name:
            return entry
    known = ", ".join(entry.name for entry in MODELS)
    raise KeyError(f"there is no model {name!r}; there are {known}")
