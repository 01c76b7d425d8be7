"""A model that learns which character comes next: what the loop trains, for all word models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import nn, optim
from .._tensor.interchange import from_numpy
from .._tensor.tensor import Tensor
from ..autograd import no_grad
from ..core.random import default_generator
from ..data.names import Examples, Words
from .config import RunConfig, TrainingConfig
from .errors import CheckpointError
from .state import join, separate

COUNTING_BATCH = 1 << 18  # rows at a time: words may be more than fit in memory
EVALUATION_BATCH = 4_096  # rows at a time: large enough for fast products, small enough for caches


class WordLearner:
    """A model with its optimiser and its words, stepped by the training loop.

    All random numbers (weights, batches, dropout) come from the default generator in program order,
    as in a script written for PyTorch. A model that is counted instead of descended, with a method
    `learn`, is counted in its first step.
    """

    def __init__(self, config: RunConfig, model: Any, words: Words) -> None:
        self.settings = config.training
        self.model, self.words = model, words
        parts = words.split(seed=config.data.split_seed)._asdict()
        self.parts: dict[str, Words] = parts
        self.rows = {name: part.rows(config.model.block_size) for name, part in parts.items()}
        self.counted: Callable[[Tensor, Tensor], None] | None = getattr(model, "learn", None)
        self.optimizer = None if self.counted else make_optimizer(model, self.settings)
        self.changeable = {
            name: getattr(self.settings, name) for name in ("weight_decay", "momentum")
        }
        self.seen = 0  # examples, over the whole run

    @property
    def descends(self) -> bool:
        """Whether it is trained by gradient descent, which can go wrong."""
        return self.optimizer is not None

    def step(self, rate: float) -> float:
        """One step at this learning rate; the batch's loss before the update."""
        if self.optimizer is None:
            return self.count()
        self.model.train()
        X, Y = self.batch()
        _, loss = self.model(X, Y)
        value = float(loss.item())
        if not np.isfinite(value):
            return value
        self.optimizer.zero_grad()
        loss.backward()
        if self.settings.clip:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.seen += len(Y)
        return value

    def count(self) -> float:
        """The only step of a counted model; its loss afterwards, since before it knows nothing."""
        rows = self.rows["train"]
        if self.counted is not None and self.seen == 0:
            for pair in rows.batches(COUNTING_BATCH):
                self.counted(*tensors(pair))
            self.seen = len(rows)
        return mean_loss(self.model, rows, examples=self.settings.eval_examples)

    def batch(self) -> tuple[Tensor, Tensor]:
        """The examples of the next step: drawn with replacement, or all if batch_size is 0."""
        size = self.settings.batch_size
        if size == 0:
            return self.all_examples()
        rows = self.rows["train"]
        return tensors(rows[default_generator.randint(0, len(rows), size)])

    def all_examples(self) -> tuple[Tensor, Tensor]:
        """All training examples, made into tensors once."""
        if not hasattr(self, "_all"):
            self._all = tensors(self.rows["train"][:])
        return self._all

    def evaluate(self, split: str, *, examples: int) -> float:
        """The mean loss on a split; of so many examples spread evenly over it, 0 for all."""
        return mean_loss(self.model, self.rows[split], examples=examples)

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


def mean_loss(model: nn.Module, rows: Examples, *, examples: int = 0) -> float:
    """The mean loss of a model on examples, without gradients, in its mode for evaluation.

    Of so many examples spread evenly over all rows; 0 takes all.
    """
    was_training = model.training
    model.eval()
    total = 0.0
    count = 0
    with no_grad():
        for X, Y in _batches(rows, examples):
            total += float(model(*tensors((X, Y)))[1].item()) * len(Y)
            count += len(Y)
    model.train(was_training)
    return total / count


def _batches(rows: Examples, examples: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    if not 0 < examples < len(rows):
        yield from rows.batches(EVALUATION_BATCH)
        return
    numbers = rows.some(examples)
    for start in range(0, examples, EVALUATION_BATCH):
        yield rows[numbers[start : start + EVALUATION_BATCH]]


def tensors(pair: tuple[np.ndarray, np.ndarray]) -> tuple[Tensor, Tensor]:
    """Two arrays as tensors on the same memory."""
    return from_numpy(pair[0]), from_numpy(pair[1])
