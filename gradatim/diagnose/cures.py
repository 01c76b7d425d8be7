"""A deep network that does not train, and three cures added one at a time, on the digits.

    plain            thirty layers with default weights: signals and gradients vanish
    Kaiming          weights large enough that signals and gradients keep their size (He 2015)
    normalisation    no dead or identical units, and it learns; but gradients are shattered
    residual         each layer adds to its input: gradients of neighbouring inputs agree

Sources: K. He et al., "Delving Deep into Rectifiers", 2015; S. Ioffe and C. Szegedy, "Batch
Normalization", 2015; K. He et al., "Deep Residual Learning", 2016; D. Balduzzi et al., "The
Shattered Gradients Problem", 2017.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from .._tensor.interchange import from_numpy
from .._tensor.randomness import randint
from .._tensor.tensor import Tensor
from ..compiler.attempt import Attempt
from ..core.errors import ArgumentError
from ..core.random import default_generator
from ..data import digits
from ..nn import BatchNorm1d, Linear, Module, Sequential, init
from ..nn import functional as F
from ..optim import SGD
from .examine import examine
from .report import Report
from .shattering import shattering
from .signals import Array

BATCH = 64
RATE, MOMENTUM = 0.02, 0.9
LINES = 8  # pairs of digits between which gradients are sampled
LOOKED_AT = 256  # examples per examination


@dataclass(frozen=True)
class Config:
    """A network of `depth` hidden layers of `width` ReLUs between 64 pixels and 10 digits."""

    depth: int = 30
    width: int = 100
    kaiming: bool = False
    norm: bool = False
    residual: bool = False


class Layer(Module):
    """y = relu(norm(W x + b)), plus x if residual."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.linear = Linear(config.width, config.width)
        self.norm = BatchNorm1d(config.width) if config.norm else None
        self.residual = config.residual

    def forward(self, x: Tensor) -> Tensor:
        """x (B, width) -> (B, width)."""
        y = self.linear(x)
        y = F.relu(y if self.norm is None else self.norm(y))
        return x + y if self.residual else y


class DeepMLP(Sequential):
    """Pixels (B, 64) -> logits (B, 10).

    >>> sum(p.numel() for p in DeepMLP(Config(depth=2, width=10)).parameters())
    980
    """

    def __init__(self, config: Config) -> None:
        layers = [Layer(config) for _ in range(config.depth)]
        # The sum of many layers is large: a last norm keeps the logits at a usual scale.
        last = [BatchNorm1d(config.width)] if config.norm else []
        super().__init__(Linear(64, config.width), *layers, *last, Linear(config.width, 10))
        if config.kaiming:
            self.apply(_kaiming)


def _kaiming(module: Module) -> None:
    if isinstance(module, Linear):
        init.kaiming_normal_(module.weight, nonlinearity="relu")
        assert module.bias is not None
        init.zeros_(module.bias)


STAGES = (
    ("plain", Config()),
    ("+ Kaiming", Config(kaiming=True)),
    ("+ normalisation", Config(kaiming=True, norm=True)),
    ("+ residual", Config(kaiming=True, norm=True, residual=True)),
)


@dataclass(frozen=True)
class Stage:
    """One network: its examination before training, and the loss of each step.

    `derivative` (256,) is that of the first logit along a line from one digit to another,
    `autocorrelation` (64,) the mean autocorrelation over eight such lines.
    """

    name: str
    report: Report
    derivative: Array
    autocorrelation: Array
    losses: Array

    def last_loss(self) -> float:
        """The mean loss of the last tenth of the steps; nan without steps."""
        if not len(self.losses):
            return float("nan")
        return float(self.losses[-max(1, len(self.losses) // 10) :].mean())


def cures(
    *,
    steps: int = 300,
    seed: int = 1,
    depth: int = 30,
    width: int = 100,
    tell: Callable[[str], None] = lambda name: None,
) -> Iterator[Stage]:
    """The broken network, then with one, two and three cures: each examined and trained.

    `tell` is called with the name of each before the work on it begins.

    Errors: ArgumentError for networks without layers or units, or fewer than 0 steps.

    >>> found = [stage for stage in cures(steps=0, depth=20, width=20)]
    >>> [stage.name for stage in found]
    ['plain', '+ Kaiming', '+ normalisation', '+ residual']
    >>> found[0].report.findings()[0].split(":")[0], found[3].report.findings()
    ('vanishing gradients', [])
    """
    for what, number, least in (("steps", steps, 0), ("depth", depth, 1), ("width", width, 1)):
        if isinstance(number, bool) or not isinstance(number, int) or number < least:
            raise ArgumentError(
                f"diagnose.cures: {what} must be a whole number of at least {least}, got {number}"
            )
    return _cured(steps, seed, depth, width, tell)


def _cured(
    steps: int, seed: int, depth: int, width: int, tell: Callable[[str], None]
) -> Iterator[Stage]:
    train, _, _ = digits.load().split()
    X, Y = from_numpy(train.pixels()), from_numpy(train.labels)
    for name, config in STAGES:
        tell(name)
        default_generator.manual_seed(seed)
        options = (config.kaiming, config.norm, config.residual)
        model = DeepMLP(Config(depth, width, *options))
        yield _stage(name, model, X, Y, steps)


def _stage(name: str, model: DeepMLP, X: Tensor, Y: Tensor, steps: int) -> Stage:
    some, labels = X[:LOOKED_AT], Y[:LOOKED_AT]
    report = examine(model, some, loss=lambda logits: F.cross_entropy(logits, labels))
    ways = [shattering(model, X[i], X[i + 1]) for i in range(LINES)]
    return Stage(
        name,
        report,
        derivative=ways[0].derivative,
        autocorrelation=np.mean([way.autocorrelation for way in ways], axis=0),
        losses=train(model, X, Y, steps),
    )


def train(model: Module, X: Tensor, Y: Tensor, steps: int) -> Array:
    """Run compiled steps of SGD on random batches; returns the loss of each."""
    if not steps:
        return np.empty(0)
    optimizer = SGD(model.parameters(), lr=RATE, momentum=MOMENTUM)

    def step() -> Tensor:
        chosen = randint(0, len(Y), (BATCH,))
        loss = F.cross_entropy(model(X[chosen]), Y[chosen])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss.detach()

    return Attempt(step, name="a training step").repeat(steps)
