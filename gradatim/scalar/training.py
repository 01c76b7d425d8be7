"""The training loop, with the full batch or mini-batches.

Full batch: each step uses the exact gradient of the whole loss. Mini-batches (stochastic gradient
descent): each step estimates it from a few random samples, so the same work pays for more steps.
"""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from .network import Network
from .samples import Sample
from .value import Value

__all__ = ["Run", "accuracy", "squared_error", "train"]


def squared_error(net: Network, samples: Sequence[Sample]) -> Value:
    """Return the sum of (net(x) - y)^2 over the samples, as on the slides.

    A mean would only divide the loss and its gradient by the number of samples, which is equivalent
    to a smaller rate.

    >>> from gradatim.scalar import MLP, four_samples
    >>> xs, ys = four_samples()
    >>> squared_error(MLP(3, [4, 4, 1]), list(zip(xs, ys))).data > 0.0
    True
    """
    return sum(((net(x) - y) ** 2 for x, y in samples), Value(0.0))


def accuracy(net: Network, samples: Sequence[Sample]) -> float:
    """Return the fraction of samples whose output has the sign of the target."""
    return sum(float(net(x)) * y > 0.0 for x, y in samples) / len(samples)


@dataclass(repr=False)
class Run:
    """The losses of a training run, and its cost."""

    losses: list[float] = field(default_factory=list)  # mean over the batch, before each update
    gradient_evaluations: int = 0  # samples seen: each costs one forward and one backward pass
    seconds: float = 0.0

    def __repr__(self) -> str:
        ends = f", loss {self.losses[0]:.4g} to {self.losses[-1]:.4g}" if self.losses else ""
        return f"<Run: {len(self.losses):,} steps{ends}, {self.seconds:.2g} s>"


def train(
    net: Network,
    samples: Sequence[Sample],
    *,
    rate: float,
    steps: int,
    batch_size: int | None = None,
    rng: random.Random | None = None,
) -> Run:
    """Train by gradient descent on the squared error, and return the losses and the cost.

    Each step uses all samples, or `batch_size` samples drawn without replacement by `rng` (without
    one, by the module `random`). The rate multiplies the gradient of the mean over the batch, so
    that one rate suits all batch sizes. `samples` may be any sequence, including a `MappedSamples`
    that is larger than memory.

    >>> from gradatim.scalar import MLP, two_moons
    >>> moons, rng = two_moons(40, rng=random.Random(0)), random.Random(1)
    >>> net = MLP(2, [4, 1], rng=rng)
    >>> run = train(net, moons, rate=0.2, steps=50, batch_size=5, rng=rng)
    >>> run.gradient_evaluations, run.losses[-1] < run.losses[0]
    (250, True)
    """
    size = len(samples) if batch_size is None else batch_size
    if not 1 <= size <= len(samples):
        raise ValueError(f"a batch of {size} cannot be drawn from {len(samples)} samples")
    run, parameters, started = Run(), net.parameters(), time.perf_counter()
    for _ in range(steps):
        batch = samples if batch_size is None else (rng or random).sample(samples, size)
        loss = squared_error(net, batch)
        net.zero_grad()
        loss.backward()
        for p in parameters:
            p.data -= rate * p.grad / size
        run.losses.append(loss.data / size)
        run.gradient_evaluations += size
    run.seconds = time.perf_counter() - started
    return run
