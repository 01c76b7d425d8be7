"""Find why a loss is not finite by repeating the steps since the last checkpoint.

Training is deterministic, so a run whose loss became nan can be restored from its last checkpoint
and repeated; the step where it breaks is run once more with every operation checked. Ordinary
training pays nothing for this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..autograd import NonFiniteError, stop_at_non_finite
from .errors import CheckpointError
from .runs import Run
from .schedule import learning_rate

if TYPE_CHECKING:
    from .config import RunConfig
    from .interfaces import Learner


def explain(run: Run, config: RunConfig, learner: Learner, failed: int) -> str:
    """A clause naming the first operation or update that made the loss of step `failed` not finite.

    The learner is left between the last checkpoint and that step.
    """
    try:
        checkpoint = run.load()
    except CheckpointError as error:
        return f"the operation cannot be named ({error})"
    learner.restore(checkpoint.arrays, checkpoint.progress["position"])
    for step in range(checkpoint.step, failed):
        rate = learning_rate(config.training, step)
        arrays = {name: array.copy() for name, array in learner.arrays().items()}
        position = learner.position()
        loss = _one_step(learner, rate)
        broken = broken_array(learner.arrays())
        if broken or not np.isfinite(loss):
            learner.restore(arrays, position)
            where = "" if step + 1 == failed else f"in step {step + 1:,} "
            return where + _guilty(learner, rate, broken)
    return _guilty_evaluation(learner, config.training.eval_examples)


def broken_array(arrays: dict[str, np.ndarray]) -> str | None:
    """The name of the first array that holds nan or infinity.

    >>> broken_array({"W1": np.ones(2), "W2": np.array([np.inf])})
    'W2'
    """
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            return name
    return None


def _one_step(learner: Learner, rate: float) -> float:
    while not len(losses := learner.steps(np.array([rate]))):
        pass  # still loading its data
    return float(losses[0])


def _guilty(learner: Learner, rate: float, broken: str | None) -> str:
    try:
        with learner.eagerly(), stop_at_non_finite():
            _one_step(learner, rate)
    except NonFiniteError as error:
        return str(error)
    return f"the update made '{broken}' infinite" if broken else "the loss came out so"


def _guilty_evaluation(learner: Learner, examples: int) -> str:
    try:
        with learner.eagerly(), stop_at_non_finite():
            learner.evaluate("dev", examples=examples, between=lambda part: None)
    except NonFiniteError as error:
        return f"in the evaluation {error}"
    return "the operation cannot be named: it did not happen again"
