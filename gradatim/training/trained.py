"""A trained model out of a checkpoint, for all that does not train: words, losses, surprise."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from .._tensor.tensor import Tensor
from ..core.random import Generator, manual_seed
from ..data import names
from ..data.names import Vocabulary, Words
from ..models import sample, surprise
from .blas_threads import blas_threads
from .config import RunConfig
from .errors import BadUse, DamagedCheckpoint
from .learner import load_parameters, mean_loss, tensors
from .runs import Run
from .settings import config_of, default_config, find_model, for_words, read_words


class Letter(NamedTuple):
    """One letter of a word under a model: its probability p and its surprise, -log p, in nats."""

    letter: str
    probability: float
    surprise: float
    is_end: bool


@dataclass(frozen=True)
class Trained:
    """A model with its vocabulary and settings, as of some step."""

    config: RunConfig
    model: Any
    vocabulary: Vocabulary
    step: int

    @property
    def name(self) -> str:
        """The model's name."""
        return self.config.name

    def sample(
        self,
        count: int,
        *,
        greedy: bool = False,
        temperature: float = 1.0,
        seed: int | None = None,
    ) -> list[str]:
        """New words; the same ones for the same seed, others each time without."""
        generator = Generator()
        if seed is None:
            generator.seed()
        else:
            generator.manual_seed(seed)
        words = sample(
            self.model, count, greedy=greedy, temperature=temperature, generator=generator
        )
        return [self.vocabulary.decode(word) for word in words]

    def surprise(self, word: str) -> list[Letter]:
        """How surprised the model is by each letter of a word, and by its end.

        Errors: BadUse for no word; UnknownCharacter for a letter that is not in the vocabulary.
        """
        if not word:
            raise BadUse("an empty word has no letters; write gradatim surprise emma")
        surprises = surprise(self.model, self.vocabulary.encode(word))
        letters = [*word, names.BOUNDARY]
        return [
            Letter(letter, math.exp(-nats), nats, is_end=place == len(word))
            for place, (letter, nats) in enumerate(zip(letters, surprises, strict=True))
        ]

    def losses(self, splits: Sequence[str]) -> dict[str, float]:
        """The mean loss on whole splits of the words that it was trained on.

        Errors: DataError if the file with the words is gone or wrong.
        """
        parts = read_words(self.config).split(seed=self.config.data.split_seed)._asdict()
        return {name: self._loss(parts[name]) for name in splits}

    def losses_on_file(self, path: str) -> dict[str, float]:
        """The mean loss on all words of a file, under the file's name.

        Errors: DataError if it cannot be read or has letters that the model does not know.
        """
        words = names.read(path)
        self.vocabulary.encode(words.vocabulary.characters.removeprefix(names.BOUNDARY))
        return {words.name: self._loss(replace(words, vocabulary=self.vocabulary))}

    def loss_on(self, examples: int) -> Tensor:
        """The loss on the first so many examples, with its graph."""
        rows = read_words(self.config).rows(self.config.model.block_size)
        _, loss = self.model(*tensors(rows[np.arange(min(examples, len(rows)))]))
        assert isinstance(loss, Tensor)
        return loss

    def _loss(self, words: Words) -> float:
        # As many threads as in training: then these are the training's losses to the last digit.
        with blas_threads(self.config.training.threads):
            return mean_loss(self.model, words.rows(self.config.model.block_size))


def load_trained(
    run: Run,
    which: str = "last",
    *,
    on_damaged: Callable[[DamagedCheckpoint], None] | None = None,
) -> Trained:
    """The model of a run's checkpoint: "last", "best", or a step.

    Errors: CheckpointError if there is none, or none of such a model; BadUse for another word.
    """
    checkpoint = run.load(which, on_damaged=on_damaged)
    config = config_of(checkpoint, run)
    model = find_model(config.name).load().Model(config.model)
    load_parameters(model, checkpoint.arrays)
    model.eval()
    characters = checkpoint.progress["position"]["words"]["characters"]
    return Trained(config, model, Vocabulary(characters), checkpoint.step)


def fresh(name: str) -> Trained:
    """A model with its first weights, for the embedded names; a counted one has counted them."""
    config = default_config(find_model(name))
    words = read_words(config)
    config = for_words(config, words)
    manual_seed(config.training.seed)
    model = find_model(name).load().Model(config.model)
    if hasattr(model, "learn"):
        train = words.split(seed=config.data.split_seed).train
        model.learn(*tensors(train.rows(config.model.block_size)[:]))
    model.eval()
    return Trained(config, model, words.vocabulary, 0)


def count_bigrams() -> Trained:
    """The bigrams of the embedded names, counted now: the model that needs no training."""
    return fresh("bigram-counts")
