"""The interfaces of the training loop: the learner it trains and the reporter it informs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np

from .config import RunConfig
from .metrics import Record
from .runs import Run


class Learner(Protocol):
    """What the loop trains: a model with its optimiser, examples and random generators."""

    @property
    def descends(self) -> bool:
        """Whether it is trained by gradient descent, so that its loss must be finite.

        A counted model may correctly give probability 0 to a letter that it never saw.
        """

    def steps(self, rates: np.ndarray) -> np.ndarray:
        """Take some of the steps at these rates; returns each batch's loss, from before its step.

        It takes as many as fit in a moment, perhaps none while data is loading; the number taken
        per call does not change results. After a loss that is not finite the model is unusable.
        """

    def eagerly(self) -> AbstractContextManager[None]:
        """Run uncompiled during a block, so that every operation can be observed."""

    def evaluate(self, split: str, *, examples: int, between: Callable[[float], None]) -> float:
        """The mean loss on "train", "dev" or "test", over this many examples (0: all, or enough).

        Draws nothing from the training generators. `between` is called regularly with the fraction
        done; an exception it raises ends the evaluation.
        """

    def arrays(self) -> dict[str, np.ndarray]:
        """Parameters, buffers, optimiser state and generators, by name."""

    def position(self) -> dict[str, Any]:
        """The position in the data, as JSON values."""

    def restore(self, arrays: dict[str, np.ndarray], position: dict[str, Any]) -> None:
        """Return to the state that `arrays` and `position` describe."""

    def examples_per_step(self) -> int:
        """How many examples one step uses, to report the speed."""


class Reporter:
    """Receives the events of a training, and ignores them: a progress bar or a log does not."""

    def started(self, run: Run, config: RunConfig, step: int) -> None:
        """Training starts, or resumes after `step` steps."""

    def stepped(self, step: int, loss: float) -> None:
        """Steps are done up to `step`, which had this loss; called often, so it must be fast."""

    def evaluating(self, split: str, part: float) -> None:
        """This fraction of an evaluation is done; called often, so it must be fast."""

    def recorded(self, record: Record) -> None:
        """A line was added to the metrics."""

    def warned(self, message: str) -> None:
        """A problem that does not stop the training."""
