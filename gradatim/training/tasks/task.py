"""What a kind of model learns from, and what it is asked afterwards.

The loop, the learner and the commands know nothing of words, texts or pictures: they know tasks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...data.examples import Examples
from ..config import DataConfig, RunConfig
from .voice import Voice

Known = dict[str, Any]  # what a checkpoint remembers of the data, as JSON values


class Task(ABC):
    """Data, as a kind of model takes it.

    `name` is the data's; `loss_is` says what the number means; `is_embedded` whether everybody has
    the same data, so that a loss can be expected.
    """

    name: str
    loss_is: str
    is_embedded: bool
    folder: Path | None = None

    @abstractmethod
    def sized(self, config: RunConfig) -> RunConfig:
        """The settings with what follows from the data, such as the size of the vocabulary.

        Errors: BadUse if the settings ask for something else.
        """

    @abstractmethod
    def training(self, model: Any) -> Examples:
        """What is drawn from, for a model with this Config."""

    @abstractmethod
    def part(self, split: str, model: Any) -> Examples:
        """All of "train", "dev" or "test", to evaluate on."""

    @abstractmethod
    def everything(self, model: Any) -> Examples:
        """All of the data, undivided."""

    @abstractmethod
    def extent(self) -> str:
        """How much of what it is, such as "8 of 10 words of names"."""

    def predictions_per_letter(self, split: str) -> float:
        """How many predictions a letter takes: their loss times this is the loss of a letter.

        Models whose tokens are not the same are compared by that.
        """
        return 1.0

    @abstractmethod
    def known(self) -> Known:
        """What is kept with a checkpoint: `name`, `digest`, and all that answers need."""

    def files(self) -> dict[str, bytes]:
        """What a run shows its user of the data, by file name."""
        return {}

    def keep_in(self, folder: Path) -> None:
        """Be told of a run's folder, where what takes long to make is kept for the next start."""
        self.folder = folder

    @abstractmethod
    def is_other_than(self) -> str:
        """How it is said that this is not the data of a run: "names has other words than those"."""


@dataclass(frozen=True)
class Kind:
    """A kind of model: how it gets its data, and how it answers.

    `data` is the dataclass of the settings under [data]. `read(config, known)` reads the data, as
    a checkpoint knew them if there is one. `form(data)` names the recipe that suits such settings.
    `voice(model, known, compiled, warn)` makes what answers.
    """

    data: type[DataConfig]
    read: Callable[[RunConfig, Known | None], Task]
    form: Callable[[Any], str]
    voice: Callable[[Any, Known, bool, Callable[[str], None]], Voice]
