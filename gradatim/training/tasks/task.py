"""The data that a kind of model learns from, behind one interface.

The loop, the learner and the commands know nothing of words or texts, only of tasks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...data.examples import Examples
from ..config import DataConfig, RunConfig
from .language_model import LanguageModel

Known = dict[str, Any]  # what a checkpoint records of the data, as JSON values


class Task(ABC):
    """Data in the form that a kind of model takes.

    `name` is that of the data; `loss_is` describes the loss; `is_embedded` is whether the data is
    built into the library, so that an expected loss is known.
    """

    name: str
    loss_is: str
    is_embedded: bool
    folder: Path | None = None

    @abstractmethod
    def sized(self, config: RunConfig) -> RunConfig:
        """The settings, completed by what follows from the data, such as the vocabulary size.

        Errors: BadUse if the settings ask for something else.
        """

    @abstractmethod
    def training(self, model: Any) -> Examples:
        """The training examples for a model with this Config."""

    @abstractmethod
    def part(self, split: str, model: Any) -> Examples:
        """All examples of "train", "dev" or "test", to evaluate on."""

    @abstractmethod
    def everything(self, model: Any) -> Examples:
        """All examples of all splits."""

    @abstractmethod
    def extent(self) -> str:
        """How much data there is, in words, such as "8 of 10 words of names"."""

    def predictions_per_letter(self, split: str) -> float:
        """Predictions per letter: the loss per prediction times this is the loss per letter.

        It makes models with different tokens comparable.
        """
        return 1.0

    @abstractmethod
    def known(self) -> Known:
        """What a checkpoint records of the data: `name`, `digest`, and all that sampling needs."""

    def files(self) -> dict[str, bytes]:
        """Files to store in a run's folder for the user, by name."""
        return {}

    def keep_in(self, folder: Path) -> None:
        """Use a run's folder as a cache for slow computations."""
        self.folder = folder

    @abstractmethod
    def is_other_than(self) -> str:
        """A clause for errors about the wrong data: "names has other words than those"."""


@dataclass(frozen=True)
class Kind:
    """A kind of model: how it gets its data, and how it becomes a language model.

    `data` is the dataclass of the settings under [data]. `read(config, known)` reads the data;
    `known` is what a checkpoint recorded of it, if there is one. `form(data)` names the recipe for
    such settings. `language_model(model, known, compiled, warn)` wraps a trained model.
    """

    data: type[DataConfig]
    read: Callable[[RunConfig, Known | None], Task]
    form: Callable[[Any], str]
    language_model: Callable[[Any, Known, bool, Callable[[str], None]], LanguageModel]
