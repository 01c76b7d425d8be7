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
from ..data.names import Examples
from ..nn import Module
from .pace import Pace

BATCH = 1_024  # rows at a time: large enough for fast products, small enough for caches
STRETCH = 16 * BATCH  # rows made at a time
SCATTERED = 2 * BATCH  # the same if they are far apart in a file, where a row costs a read

Pair = tuple[np.ndarray, np.ndarray]


class MeanLoss:
    """The mean loss of a model, without gradients, in its mode for evaluation.

    Batches of one size are compiled, if `compiled`; the rows that are left over in the end run as
    they are written. `tell` is told why if that is so of all.
    """

    def __init__(
        self,
        model: Module,
        *,
        compiled: bool = False,
        tell: Callable[[str], None] = lambda why: None,
    ) -> None:
        self.model = model
        self.batch = Attempt(self._loss, name="the evaluation", wanted=compiled, tell=tell)
        self.pace = Pace()

    def __call__(self, pairs: Iterable[Pair], *, between: Callable[[], None]) -> float:
        """Of (X, Y) in stretches, all but the last of whole batches; nan if any loss is.

        `between` is called every now and then, and may raise.
        """
        total, count = 0.0, 0
        with evaluating(self.model), no_grad():
            for X, Y in pairs:
                between()
                whole = len(Y) - len(Y) % BATCH
                for loss in self._whole(X[:whole], Y[:whole], between):
                    total += BATCH * loss  # one by one: in the same order, whatever the stretches
                if whole < len(Y):
                    rest = self._loss(from_numpy(X[whole:]), from_numpy(Y[whole:]))
                    total += float(rest.item()) * (len(Y) - whole)
                count += len(Y)
        return total / count

    def _whole(self, X: np.ndarray, Y: np.ndarray, between: Callable[[], None]) -> Iterator[float]:
        """The losses of whole batches, as many at once as take a moment."""
        X, Y = X.reshape(-1, BATCH, X.shape[1]), Y.reshape(-1, BATCH)
        done = 0
        while done < len(Y):
            part = slice(done, done + self.pace.most)
            begin = time.perf_counter()
            losses = self.batch.repeat(len(Y[part]), from_numpy(X[part]), from_numpy(Y[part]))
            self.pace.took(len(losses), time.perf_counter() - begin)
            yield from losses.tolist()
            if len(losses) < len(Y[part]):
                return
            done += len(losses)
            between()

    def _loss(self, X: Tensor, Y: Tensor) -> Tensor:
        loss: Tensor = self.model(X, Y)[1]
        return loss


@contextmanager
def evaluating(model: Module) -> Iterator[None]:
    """The model in its mode for evaluation during a block."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


def stretches(rows: Examples, examples: int = 0) -> Iterator[Pair]:
    """So many examples spread evenly over all, or all for 0, in stretches of whole batches."""
    if not 0 < examples < len(rows):
        yield from rows.batches(STRETCH)
        return
    numbers = rows.some(examples)
    for start in range(0, examples, SCATTERED):
        yield rows[numbers[start : start + SCATTERED]]
