"""The learning rate as a function of the step alone, so that resuming needs no state."""

import math

from .config import TrainingConfig


def learning_rate(config: TrainingConfig, step: int) -> float:
    """The rate of step 0, 1, 2, ...: a linear warm-up, then the schedule down to its final part.

        step < warmup    rate * (step + 1) / warmup
        constant         rate
        linear           rate * (1 - (1 - f) t)                 f = final_fraction
        cosine           rate * (f + (1 - f) (1 + cos(pi t)) / 2)
        step             rate, and rate * f in the last half

    with t from 0 to 1 over the steps after the warm-up. Source of the cosine: Loshchilov and
    Hutter 2017, arXiv:1608.03983.

    >>> config = TrainingConfig(steps=100, learning_rate=1.0, warmup=10, schedule="linear")
    >>> [round(learning_rate(config, step), 3) for step in (0, 9, 10, 55, 100)]
    [0.1, 1.0, 1.0, 0.55, 0.1]
    """
    if step < config.warmup:
        return config.learning_rate * (step + 1) / config.warmup
    done = min(1.0, (step - config.warmup) / max(1, config.steps - config.warmup))
    return config.learning_rate * _factor(config.schedule, config.final_fraction, done)


def _factor(schedule: str, final: float, done: float) -> float:
    if schedule == "linear":
        return 1 - (1 - final) * done
    if schedule == "cosine":
        return final + (1 - final) * (1 + math.cos(math.pi * done)) / 2
    if schedule == "step":
        return final if done >= 0.5 else 1.0
    return 1.0
