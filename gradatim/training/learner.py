"""A model that learns which character comes next: what the loop trains, for all word models."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import nn, optim
from .._tensor.creation import tensor
from .._tensor.interchange import from_numpy
from .._tensor.tensor import Tensor
from ..autograd import no_grad
from ..compiler.attempt import Attempt
from ..core.dtypes import float64
from ..core.random import default_generator
from ..data.names import Words
from .config import RunConfig, TrainingConfig
from .errors import CheckpointError
from .examples import TrainingExamples
from .losses import MeanLoss, Pair, stretches
from .pace import Pace
from .state import join, separate

STEP = "the training step"  # as it is called while it is compiled
COUNTING_BATCH = 1 << 18  # rows at a time: words may be more than fit in memory


class WordLearner:
    """A model with its optimiser and its words, stepped by the training loop.

    All random numbers (weights, batches, dropout) come from the default generator in program order,
    as in a script written for PyTorch. A model that is counted instead of descended, with a method
    `learn`, is counted in its first step.

    Steps and evaluations are compiled if the settings say so and it is possible; `warn` is told
    if it is not.
    """

    def __init__(
        self,
        config: RunConfig,
        model: Any,
        words: Words,
        *,
        warn: Callable[[str], None] = lambda message: None,
    ) -> None:
        self.settings = config.training
        self.model, self.words = model, words
        parts = words.split(seed=config.data.split_seed)._asdict()
        self.parts: dict[str, Words] = parts
        self.rows = {name: part.rows(config.model.block_size) for name, part in parts.items()}
        self.examples = TrainingExamples(self.rows["train"], self.settings.batch_size)
        self.counted: Callable[[Tensor, Tensor], None] | None = getattr(model, "learn", None)
        self.optimizer = None if self.counted else make_optimizer(model, self.settings)
        self.changeable = {
            name: getattr(self.settings, name) for name in ("weight_decay", "momentum")
        }
        self.seen = 0  # examples, over the whole run
        self.pace = Pace()
        compiled, tell = self.settings.compile, only_once(warn)
        self.drawing = Attempt(self.draw_and_descend, name=STEP, wanted=compiled, tell=tell)
        self.descending = Attempt(self.descend, name=STEP, wanted=compiled, tell=tell)
        self.mean_loss = MeanLoss(model, compiled=compiled, tell=tell)
        self._looked_at: dict[tuple[str, int], Pair] = {}

    @property
    def descends(self) -> bool:
        """Whether it is trained by gradient descent, which can go wrong."""
        return self.optimizer is not None

    # -- steps -----------------------------------------------------------------------------

    def steps(self, rates: np.ndarray) -> np.ndarray:
        """Steps at these learning rates, as many of them as take a moment; their losses.

        None at all while the examples are still being read. A loss that is not finite is the last
        that counts, and what the model is after it is of no use.
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
            X, Y = self.examples.read()
            losses.append(self.descending(X, Y, tensor(rate, dtype=float64)).item())
            if not np.isfinite(losses[-1]):
                break
        return np.array(losses)

    def draw_and_descend(self, rate: Tensor) -> Tensor:
        """A whole step in operations on tensors: the next batch, and downhill on it."""
        return self.descend(*self.examples.draw(), rate)

    def descend(self, X: Tensor, Y: Tensor, rate: Tensor) -> Tensor:
        """A step on a batch: X (B, block_size), Y (B,), the rate 0-d; the loss before the update.

        Gradients are forgotten at the end and not at the beginning: so none is there before the
        first step either, and all steps are alike.
        """
        assert self.optimizer is not None
        loss: Tensor = self.model(X, Y)[1]
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
        """The only step of a counted model; its loss afterwards, since before it knows nothing."""
        rows = self.rows["train"]
        if self.counted is not None and self.seen == 0:
            for X, Y in rows.batches(COUNTING_BATCH):
                self.counted(from_numpy(X), from_numpy(Y))
            self.seen = len(rows)
        return self.evaluate("train", examples=self.settings.eval_examples)

    @contextmanager
    def as_written(self) -> Iterator[None]:
        """During a block, operation after operation, so that each can be looked at."""
        attempts = (self.drawing, self.descending, self.mean_loss.batch)
        for attempt in attempts:
            attempt.plain = True
        try:
            yield
        finally:
            for attempt in attempts:
                attempt.plain = False

    # -- looking ---------------------------------------------------------------------------

    def evaluate(
        self, split: str, *, examples: int, between: Callable[[], None] = lambda: None
    ) -> float:
        """The mean loss on a split; of so many examples spread evenly over it, 0 for all.

        `between` is called every now and then, and may raise.
        """
        return self.mean_loss(self._pairs(split, examples), between=between)

    def _pairs(self, split: str, examples: int) -> Iterator[Pair]:
        """All examples; or some, which are kept: they are looked at again and again."""
        rows = self.rows[split]
        if not 0 < examples < len(rows):
            yield from stretches(rows)
        elif (split, examples) in self._looked_at:
            yield self._looked_at[split, examples]
        else:
            found = []
            for pair in stretches(rows, examples):
                found.append(pair)
                yield pair
            X, Y = map(np.concatenate, zip(*found, strict=True))
            self._looked_at[split, examples] = X, Y

    # -- state -----------------------------------------------------------------------------

    def arrays(self) -> dict[str, np.ndarray]:
        """Parameters, buffers, optimiser state and the generator's state, by name."""
        arrays: dict[str, np.ndarray] = {}
        separate(self.model.state_dict(), "model", arrays)
        if self.optimizer is not None:
            separate(self.optimizer.state_dict(), "optimizer", arrays)
        arrays["generator"] = np.asarray(default_generator.get_state())
        return arrays

    def position(self) -> dict[str, Any]:
        """How many examples were seen, of which words; and the optimiser's plain numbers."""
        optimizer = self.optimizer and separate(self.optimizer.state_dict(), "optimizer", {})
        words = {
            "name": self.words.name,
            "digest": self.digest(),
            "characters": self.words.vocabulary.characters,
        }
        return {"examples": self.seen, "words": words, "optimizer": optimizer}

    def digest(self) -> str:
        """What tells these words from others; computed once, since it reads them all."""
        if not hasattr(self, "_digest"):
            self._digest = self.words.digest()
        return self._digest

    def restore(self, arrays: dict[str, np.ndarray], position: dict[str, Any]) -> None:
        """Be again what it was when `arrays` and `position` were asked for.

        Errors: CheckpointError if they are of another model.
        """
        load_parameters(self.model, arrays)
        if self.optimizer is not None:
            self.optimizer.load_state_dict(join(position["optimizer"], arrays))
            # The settings of the rest of the run may be others than those that were saved.
            for group in self.optimizer.param_groups:
                group.update({key: value for key, value in self.changeable.items() if key in group})
        default_generator.set_state(arrays["generator"])
        self.seen = position["examples"]

    def examples_per_step(self) -> int:
        """The batch size; all training examples if it is 0."""
        return self.settings.batch_size or len(self.rows["train"])


def make_optimizer(model: nn.Module, settings: TrainingConfig) -> Any:
    """The optimiser that the settings name, over all parameters."""
    rate, decay = settings.learning_rate, settings.weight_decay
    if settings.optimizer == "sgd":
        momentum = settings.momentum
        return optim.SGD(model.parameters(), lr=rate, momentum=momentum, weight_decay=decay)
    kind = optim.Adam if settings.optimizer == "adam" else optim.AdamW
    return kind(model.parameters(), lr=rate, weight_decay=decay)


def load_parameters(model: nn.Module, arrays: dict[str, np.ndarray]) -> None:
    """Give a model the parameters and buffers of a checkpoint.

    Errors: CheckpointError names what does not fit.
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


def only_once(warn: Callable[[str], None]) -> Callable[[str], None]:
    """Tell that something is not compiled, the first time."""
    told: list[str] = []

    def tell(why: str) -> None:
        if not told:
            told.append(why)
            warn(f"not compiled but run as it is written, which takes longer ({why})")

    return tell
