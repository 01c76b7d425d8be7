"""Why the loss is not finite: the steps since the last checkpoint again, each result looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .culprit import Watch, has_infinity, has_nan, watching
from .errors import CheckpointError
from .runs import Run
from .schedule import learning_rate

if TYPE_CHECKING:
    from .config import RunConfig
    from .loop import Learner


def explain(run: Run, config: RunConfig, learner: Learner, failed: int) -> str:
    """The first operation, or update, that made the loss of step `failed` not finite, as a clause.

    The learner is left somewhere between the last checkpoint and that step.
    """
    try:
        checkpoint = run.load()
    except CheckpointError as error:
        return f"the operation cannot be named ({error})"
    learner.restore(checkpoint.arrays, checkpoint.progress["position"])
    for step in range(checkpoint.step, failed):
        with watching() as watch:
            loss = learner.step(learning_rate(config.training, step))
        broken = broken_array(learner.arrays())
        if broken or not np.isfinite(loss):
            return _reason(watch, step + 1, broken)
    with watching() as watch:
        learner.evaluate("dev", examples=config.training.eval_examples)
    return _reason(watch, failed, None)


def broken_array(arrays: dict[str, np.ndarray]) -> str | None:
    """The name of the first array that holds nan or infinity.

    >>> broken_array({"W1": np.ones(2), "W2": np.array([np.inf])})
    'W2'
    """
    for name, array in arrays.items():
        if has_nan(array) or has_infinity(array):
            return name
    return None


def _reason(watch: Watch, step: int, broken: str | None) -> str:
    if watch.nan and watch.infinity:
        return (
            f"the first nan came out of {watch.nan} in step {step:,},"
            f" after {watch.infinity} had made an infinity"
        )
    first = watch.nan or watch.infinity
    if first:
        return f"the first {first.made} came out of {first} in step {step:,}"
    if broken:
        return f"the update of step {step:,} made '{broken}' infinite"
    return f"it came up in step {step:,}, outside the library's operations"
