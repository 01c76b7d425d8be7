"""A model with its task and optimiser: what the training loop trains."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import nn
from .._tensor.creation import tensor
from .._tensor.interchange import from_numpy
from .._tensor.tensor import Tensor
from .._tensor.tree import Joiner, Separator
from ..autograd import no_grad
from ..compiler.attempt import Attempt
from ..core.dtypes import float64
from ..core.errors import FileError
from ..core.pace import Pace
from ..core.random import default_generator
from ..data.examples import Batch
from .config import RunConfig
from .errors import CheckpointError
from .examples import TrainingExamples
from .losses import MeanLoss, enough, stretches
from .memory_check import check_batch
from .once import only_once
from .optimizers import change, make_optimizer
from .tasks import Task

STEP = "the training step"  # its name in messages about compilation
COUNTING_BATCH = 1 << 18  # examples per call; all of them may not fit in memory
SPLITS = ("train", "dev", "test")


class ModelLearner:
    """A model with its optimiser and its task, stepped by the training loop.

    All random numbers (weights, batches, dropout) come from the default generator in program order,
    as in a script written for PyTorch. A model that is counted rather than trained by gradient
    descent, with a method `learn`, is counted in its first step.

    Steps and evaluations are compiled if the settings ask for it; `warn` is called if that fails.
    """

    def __init__(
        self,
        config: RunConfig,
        model: Any,
        task: Task,
        *,
        warn: Callable[[str], None] = lambda message: None,
    ) -> None:
        self.settings = config.training
        self.model, self.task = model, task
        self.drawn = task.training(config.model)
        self.counted: Callable[..., None] | None = getattr(model, "learn", None)
        if self.counted is None:
            check_batch(self.drawn, self.settings.batch_size)
        self.parts = {split: task.part(split, config.model) for split in SPLITS}
        self.examples = TrainingExamples(self.drawn, self.settings.batch_size)
        self.optimizer = None if self.counted else make_optimizer(model, self.settings)
        self.seen = 0  # examples, over the whole run
        self.pace = Pace(begins_slowly=True)
        compiled, warn_once = self.settings.compile, only_once(warn)
        self.drawing = Attempt(self.draw_and_descend, name=STEP, wanted=compiled, warn=warn_once)
        self.descending = Attempt(self.descend, name=STEP, wanted=compiled, warn=warn_once)
        self.mean_loss = MeanLoss(model, compiled=compiled, warn=warn_once)
        self._looked_at: dict[tuple[str, int], Batch] = {}

    @property
    def descends(self) -> bool:
        """Whether it is trained by gradient descent, which can diverge."""
        return self.optimizer is not None

    # -- steps -----------------------------------------------------------------------------

    def steps(self, rates: np.ndarray) -> np.ndarray:
        """Take steps at these learning rates, as many as fit in a moment; returns their losses.

        None while the examples are still being read. After a loss that is not finite,
        later losses and the model are meaningless.
        """
        if self.optimizer is None:
            return np.array([self.count()])
        if not self.examples.get_ready():
            return np.empty(0)
        self.model.train()
        rates = rates[: self.pace.most]
        begin = time.perf_counter()
        losses = self._steps(rates)
        self.pace.took(len(losses), time.perf_counter() - begin)
        self.seen += len(losses) * self.examples_per_step()
        return losses

    def _steps(self, rates: np.ndarray) -> np.ndarray:
        if self.examples.has_table:
            return self.drawing.repeat(len(rates), from_numpy(rates))
        losses: list[float] = []
        for rate in rates.tolist():
            batch = self.examples.read()
            losses.append(self.descending(tensor(rate, dtype=float64), *batch).item())
            if not np.isfinite(losses[-1]):
                break
        return np.array(losses)

    def draw_and_descend(self, rate: Tensor) -> Tensor:
        """A whole step as tensor operations: draw the next batch and descend on it."""
        return self.descend(rate, *self.examples.draw())

    def descend(self, rate: Tensor, *batch: Tensor) -> Tensor:
        """One step on a batch, such as X and Y, at a 0-d rate; its loss before the update.

        Gradients are cleared at the end rather than at the beginning, so that the first step, like
        all later ones, starts without any.
        """
        assert self.optimizer is not None
        loss: Tensor = self.model(*batch)[1]
        loss.backward()
        if self.settings.clip:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        with no_grad():
            for group in self.optimizer.param_groups:
                group.tensor("lr").copy_(rate)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss.detach()

    def count(self) -> float:
        """The only step of a counted model; returns the loss after it."""
        if self.counted is not None and self.seen == 0:
            for batch in self.drawn.batches(COUNTING_BATCH):
                self.counted(*map(from_numpy, batch))
            self.seen = len(self.drawn)
        return self.evaluate("train", examples=self.settings.eval_examples)

    @contextmanager
    def eagerly(self) -> Iterator[None]:
        """Run uncompiled during a block, so that every operation can be observed."""
        attempts = (self.drawing, self.descending, self.mean_loss.batch)
        for attempt in attempts:
            attempt.plain = True
        try:
            yield
        finally:
            for attempt in attempts:
                attempt.plain = False

    # -- evaluation --------------------------------------------------------------------------

    def evaluate(
        self, split: str, *, examples: int, between: Callable[[float], None] = lambda part: None
    ) -> float:
        """The mean loss on a split, over `examples` evenly spaced examples, or enough if 0.

        `between` is called regularly with the fraction done, and may raise.
        """
        part = self.parts[split]
        count = min(examples, len(part)) or enough(part)
        some = self._stretches(split, count)
        return self.mean_loss(part, some, count=count, between=between)

    def _stretches(self, split: str, examples: int) -> Iterator[Batch]:
        """All examples, or a selection, which is kept since it is evaluated repeatedly."""
        part = self.parts[split]
        if not 0 < examples < len(part):
            yield from stretches(part)
        elif (split, examples) in self._looked_at:
            yield self._looked_at[split, examples]
        else:
            batches = []
            for batch in stretches(part, examples):
                batches.append(batch)
                yield batch
            whole = tuple(np.concatenate(parts) for parts in zip(*batches, strict=True))
            self._looked_at[split, examples] = whole

    # -- state -----------------------------------------------------------------------------

    def arrays(self) -> dict[str, np.ndarray]:
        """Parameters, buffers, optimiser state and the generator's state, by name."""
        arrays, _ = self._optimizer_apart()
        for name, x in self.model.state_dict().items():
            arrays[f"model.{name}"] = np.asarray(x)
        arrays["generator"] = np.asarray(default_generator.get_state())
        return arrays

    def position(self) -> dict[str, Any]:
        """The number and the source of the examples seen, and the optimiser's plain numbers."""
        _, optimizer = self._optimizer_apart()
        return {"examples": self.seen, "data": self.task.known(), "optimizer": optimizer}

    def _optimizer_apart(self) -> tuple[dict[str, np.ndarray], Any]:
        """The optimiser's arrays by name, and its plain numbers; {} and None without one."""
        separator = Separator()
        state = self.optimizer and self.optimizer.state_dict()
        json = separator.json(state, "optimizer")
        return separator.arrays, json

    def restore(self, arrays: dict[str, np.ndarray], position: dict[str, Any]) -> None:
        """Return to the state in which `arrays` and `position` were read.

        Errors: CheckpointError if they belong to another model.
        """
        load_parameters(self.model, arrays)
        if self.optimizer is not None:
            self.optimizer.load_state_dict(_together(position["optimizer"], arrays))
            change(self.optimizer, self.model, self.settings)
        default_generator.set_state(arrays["generator"])
        self.seen = position["examples"]

    def examples_per_step(self) -> int:
        """The batch size; all training examples if it is 0."""
        return self.settings.batch_size or len(self.drawn)


def _together(json: Any, arrays: dict[str, np.ndarray]) -> Any:
    try:
        return Joiner(arrays).tree(json)
    except FileError as error:
        raise CheckpointError(f"the checkpoint is incomplete: {error}") from None


def load_parameters(model: nn.Module, arrays: dict[str, np.ndarray]) -> None:
    """Load the parameters and buffers of a checkpoint into a model.

    Errors: CheckpointError names the entries that do not fit.
    """
    prefix = "model."
    state = {
        name.removeprefix(prefix): from_numpy(array)
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
    try:
        model.load_state_dict(state)
    except (RuntimeError, KeyError) as error:
        what = " ".join(str(error).split())
        raise CheckpointError(f"the checkpoint is of another model: {what}") from error
