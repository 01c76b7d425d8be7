"""A trained model out of a checkpoint, for all that does not train: words, losses, surprise."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from .._tensor.interchange import from_numpy
from .._tensor.tensor import Tensor
from ..core.random import Generator, manual_seed
from ..data import names
from ..data.names import Vocabulary, Words
from ..models import Stream, sample, surprise
from .blas_threads import threads
from .config import RunConfig
from .errors import BadUse, DamagedCheckpoint
from .learner import load_parameters, only_once
from .losses import MeanLoss, stretches
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
    """A model with its vocabulary and settings, as of some step.

    Words and losses are compiled if the training was, or rather if its settings say so; `warn` is
    told if that is not possible.
    """

    config: RunConfig
    model: Any
    vocabulary: Vocabulary
    step: int
    warn: Callable[[str], None] = lambda message: None

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
            self.model,
            count,
            greedy=greedy,
            temperature=temperature,
            generator=generator,
            stream=self._stream,
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
        X, Y = rows[np.arange(min(examples, len(rows)))]
        _, loss = self.model(from_numpy(X), from_numpy(Y))
        assert isinstance(loss, Tensor)
        return loss

    def _loss(self, words: Words) -> float:
        # As many threads as in training: then these are the training's losses to the last digit.
        with threads(self.config.training.threads):
            rows = words.rows(self.config.model.block_size)
            return self._mean_loss(stretches(rows), between=lambda: None)

    @cached_property
    def _tell(self) -> Callable[[str], None]:
        return only_once(self.warn)

    @cached_property
    def _stream(self) -> Stream | None:
        compiled = self.config.training.compile
        return Stream(self.model, tell=self._tell) if compiled else None

    @cached_property
    def _mean_loss(self) -> MeanLoss:
        compiled = self.config.training.compile
        return MeanLoss(self.model, compiled=compiled, tell=self._tell)


def load_trained(
    run: Run,
    which: str = "last",
    *,
    compiled: bool = True,
    on_damaged: Callable[[DamagedCheckpoint], None] | None = None,
    warn: Callable[[str], None] = lambda message: None,
) -> Trained:
    """The model of a run's checkpoint: "last", "best", or a step.

    Compiled, unless the run is not or that is not wanted; `warn` is told if it is not possible.

    Errors: CheckpointError if there is none, or none of such a model; BadUse for another word.
    """
    checkpoint = run.load(which, on_damaged=on_damaged)
    config = config_of(checkpoint, run)
    if not compiled:
        config = replace(config, training=replace(config.training, compile=False))
    model = find_model(config.name).load().Model(config.model)
    load_parameters(model, checkpoint.arrays)
    model.eval()
    characters = checkpoint.progress["position"]["words"]["characters"]
    return Trained(config, model, Vocabulary(characters), checkpoint.step, warn)


def fresh(name: str) -> Trained:
    """A model with its first weights, for the embedded names; a counted one has counted them."""
    config = default_config(find_model(name))
    words = read_words(config)
    config = for_words(config, words)
    manual_seed(config.training.seed)
    model = find_model(name).load().Model(config.model)
    if hasattr(model, "learn"):
        train = words.split(seed=config.data.split_seed).train
        X, Y = train.rows(config.model.block_size)[:]
        model.learn(from_numpy(X), from_numpy(Y))
    model.eval()
    return Trained(config, model, words.vocabulary, 0)


def count_bigrams() -> Trained:
    """The bigrams of the embedded names, counted now: the model that needs no training."""
    return fresh("bigram-counts")
