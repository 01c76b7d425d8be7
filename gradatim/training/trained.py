"""A trained model read from a checkpoint: samples, losses, surprise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from .._tensor.interchange import from_numpy
from .._tensor.tensor import Tensor
from ..core.random import default_generator
from ..data.examples import Examples
from .blas_threads import threads
from .config import RunConfig
from .errors import BadUse, DamagedCheckpoint
from .learner import COUNTING_BATCH, load_parameters
from .losses import MeanLoss, enough, stretches
from .once import only_once
from .runs import Run
from .settings import config_of, default_config, find_model, read_task
from .tasks import Known, LanguageModel, Letter, SampleRequest, Task, kind_of

Progress = Callable[[str, float], None]  # called with a split, and the fraction of it that is done


def _ignore(split: str, part: float) -> None:
    """The default for `progress`."""


@dataclass(frozen=True)
class Trained:
    """A model with its settings and what its checkpoint records of the data, at some step.

    Samples and losses are compiled if the settings ask for it; `warn` is called if that fails.
    """

    config: RunConfig
    model: Any
    known: Known
    step: int
    warn: Callable[[str], None] = lambda message: None
    folder: Path | None = None  # the run's folder

    @property
    def name(self) -> str:
        """The model's name."""
        return self.config.name

    @cached_property
    def task(self) -> Task:
        """The data it was trained on. Errors: DataError if its file is missing or invalid."""
        task = read_task(self.config, self.known)
        if self.folder is not None:
            task.keep_in(self.folder)
        return task

    @cached_property
    def language_model(self) -> LanguageModel:
        """The model as a `LanguageModel`, which writes samples and scores texts."""
        kind = kind_of(find_model(self.name))
        return kind.language_model(self.model, self.known, self.config.training.compile, self.warn)

    def sample(self, count: int, *, greedy: bool = False, seed: int | None = None) -> list[str]:
        """Complete samples; equal seeds give equal ones, None different ones each time."""
        request = SampleRequest(count, greedy=greedy, seed=seed)
        return ["".join(pieces) for pieces in self.language_model.samples(request)]

    def surprise(self, text: str) -> list[Letter]:
        """The surprise, -log p, of each letter or token of a text, and of the end of a word.

        Errors: BadUse for an empty text; UnknownCharacter for a letter outside the vocabulary.
        """
        return self.language_model.surprise(text)

    def losses(self, splits: Sequence[str], *, progress: Progress = _ignore) -> dict[str, float]:
        """The mean loss on splits of the training data, as at the end of training.

        `progress(split, part)` is called regularly with the fraction done. Errors: DataError if the
        data file is missing or invalid; BadUse if it has changed, because its split would differ
        and test examples might have been trained on.
        """
        self._check_same_data()
        return {
            split: self._loss(part, enough(part), partial(progress, split))
            for split in splits
            for part in [self.task.part(split, self.config.model)]
        }

    def _check_same_data(self) -> None:
        if self.folder is None or self.task.known()["digest"] == self.known["digest"]:
            return
        run = Run(self.folder)
        raise BadUse(
            f"{self.task.is_other_than()} that run '{run.name}' was trained on, so its parts are"
            f" others; restore it, or take all of it: gradatim eval {run.typed}"
            f" --data {self.config.data.file or self.task.name}"
        )

    def losses_on_file(self, path: str, *, progress: Progress = _ignore) -> dict[str, float]:
        """The mean loss on all of a file, under the file's name; `progress` as for `losses`.

        Errors: DataError if it cannot be read or has letters outside the vocabulary.
        """
        data = replace(self.config.data, file=path)
        task = read_task(replace(self.config, data=data), self.known)
        whole = task.everything(self.config.model)
        return {task.name: self._loss(whole, len(whole), partial(progress, task.name))}

    def batch(self, examples: int) -> tuple[Tensor, ...]:
        """The first `examples` examples, as the model takes them."""
        whole = self.task.everything(self.config.model)
        return tuple(map(from_numpy, whole[np.arange(min(examples, len(whole)))]))

    def loss_on(self, examples: int) -> Tensor:
        """The loss on the first `examples` examples, with its graph."""
        _, loss = self.model(*self.batch(examples))
        assert isinstance(loss, Tensor)
        return loss

    def _loss(self, examples: Examples, count: int, between: Callable[[float], None]) -> float:
        # The thread count of training reproduces the training's losses to the last digit.
        with threads(self.config.training.threads):
            some = stretches(examples, count)
            return self._mean_loss(examples, some, count=count, between=between)

    @cached_property
    def _mean_loss(self) -> MeanLoss:
        compiled = self.config.training.compile
        return MeanLoss(self.model, compiled=compiled, warn=only_once(self.warn))


def load_trained(
    run: Run,
    which: str = "last",
    *,
    compiled: bool = True,
    on_damaged: Callable[[DamagedCheckpoint], None] | None = None,
    warn: Callable[[str], None] = lambda message: None,
) -> Trained:
    """The model of a run's checkpoint: "last", "best", or a step.

    Compiled unless the run is not or `compiled` is False; `warn` is called if that fails.

    Errors: CheckpointError if there is none or its model is unknown; BadUse for any other `which`.
    """
    checkpoint = run.load(which, on_damaged=on_damaged)
    config = config_of(checkpoint, run)
    if not compiled:
        config = replace(config, training=replace(config.training, compile=False))
    model = find_model(config.name).load().Model(config.model)
    load_parameters(model, checkpoint.arrays)
    model.eval()
    known = checkpoint.progress["position"]["data"]
    return Trained(config, model, known, checkpoint.step, warn, run.path)


def fresh(name: str) -> Trained:
    """An untrained model, for the built-in names; a counted one has counted them."""
    config = default_config(find_model(name))
    task = read_task(config)
    config = task.sized(config)
    default_generator.manual_seed(config.training.seed)
    model = find_model(name).load().Model(config.model)
    if hasattr(model, "learn"):
        for batch in task.training(config.model).batches(COUNTING_BATCH):
            model.learn(*map(from_numpy, batch))
    model.eval()
    return Trained(config, model, task.known(), 0)


def count_bigrams() -> Trained:
    """The bigrams of the built-in names, counted now: a model that needs no training."""
    return fresh("bigram-counts")
