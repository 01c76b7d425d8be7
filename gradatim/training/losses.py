"""The mean loss of a model over many examples."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import numpy as np

from .._tensor.interchange import from_numpy
from .._tensor.tensor import Tensor
from ..autograd import no_grad
from ..compiler.attempt import Attempt
from ..core.pace import Pace
from ..data.examples import Batch, Examples
from ..nn import Module

BATCH = 1_024  # targets per batch: large enough for fast products, small enough for caches
STRETCH = 16  # batches converted at a time
ENOUGH = 1_000_000  # targets of a split that determine its mean loss well enough
SCATTERED = 2  # the same for examples far apart in a file, where each costs a read


class MeanLoss:
    """The mean loss of a model, without gradients, in evaluation mode.

    If `compiled`, whole batches run compiled; the remaining rows run eagerly. If compilation fails,
    `warn` is called with the reason.
    """

    def __init__(
        self,
        model: Module,
        *,
        compiled: bool = False,
        warn: Callable[[str], None] = lambda why: None,
    ) -> None:
        self.model = model
        self.batch = Attempt(self._loss, name="the evaluation", wanted=compiled, warn=warn)
        self.pace = Pace(begins_slowly=True)

    def __call__(
        self,
        examples: Examples,
        stretches: Iterable[Batch],
        *,
        count: int,
        between: Callable[[float], None],
    ) -> float:
        """The loss on `count` examples in `stretches` of whole batches, but for the last.

        Every target has the same weight, whatever the size of its batch; a nan makes the mean nan.
        `between` is called regularly with the fraction done, and may raise.
        """
        total, targets, size, seen = 0.0, 0, batch_of(examples), 0
        with evaluating(self.model), no_grad():
            for stretch in stretches:
                between(seen / count)
                counts = examples.counted(stretch)
                whole = len(counts) - len(counts) % size
                weights = counts[:whole].reshape(-1, size).sum(1).tolist()
                losses = self._whole([_rows(part[:whole], size) for part in stretch])
                for weight, loss in zip(weights, losses, strict=False):
                    total += weight * loss  # one by one: the grouping does not matter
                    seen += size
                    between(seen / count)
                if whole < len(counts):
                    rest = self._loss(*(from_numpy(part[whole:]) for part in stretch))
                    total += float(rest.item()) * int(counts[whole:].sum())
                targets += int(counts.sum())
        return total / targets

    def _whole(self, arrays: list[np.ndarray]) -> Iterator[float]:
        """The losses of whole batches, as many at once as fit in a moment."""
        count, done = len(arrays[0]), 0
        while done < count:
            some = [from_numpy(array[done : done + self.pace.most]) for array in arrays]
            begin = time.perf_counter()
            losses = self.batch.repeat(len(some[0]), *some)
            self.pace.took(len(losses), time.perf_counter() - begin)
            yield from losses.tolist()
            if len(losses) < len(some[0]):
                return
            done += len(losses)

    def _loss(self, *batch: Tensor) -> Tensor:
        loss: Tensor = self.model(*batch)[1]
        return loss


@contextmanager
def evaluating(model: Module) -> Iterator[None]:
    """Evaluation mode in a block."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


def _rows(part: np.ndarray, size: int) -> np.ndarray:
    """One batch in each row."""
    return part.reshape(-1, size, *part.shape[1:])


def batch_of(examples: Examples) -> int:
    """The number of examples that have about BATCH targets."""
    return max(1, BATCH // examples.predictions)


def enough(examples: Examples) -> int:
    """The number of examples that determine the loss of a split: all, or ENOUGH targets."""
    return min(len(examples), max(1, ENOUGH // examples.predictions))


def stretches(examples: Examples, count: int = 0) -> Iterator[Batch]:
    """`count` evenly spaced examples, or all for 0, in groups of whole batches."""
    size = batch_of(examples)
    if not 0 < count < len(examples):
        yield from examples.batches(STRETCH * size)
        return
    numbers = examples.some(count)
    for start in range(0, count, SCATTERED * size):
        yield examples[numbers[start : start + SCATTERED * size]]
