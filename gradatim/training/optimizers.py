"""The optimiser named in the settings."""

from __future__ import annotations

from typing import Any

from .. import nn, optim
from .config import TrainingConfig


def make_optimizer(model: nn.Module, settings: TrainingConfig) -> Any:
    """The optimiser over all parameters."""
    rate, groups = settings.learning_rate, decay_groups(model, settings)
    if settings.optimizer == "sgd":
        return optim.SGD(groups, lr=rate, momentum=settings.momentum)
    kind = optim.Adam if settings.optimizer == "adam" else optim.AdamW
    return kind(groups, lr=rate, betas=(settings.beta1, settings.beta2))


def decay_groups(model: nn.Module, settings: TrainingConfig) -> list[dict[str, Any]]:
    """The parameters in groups, each with its weight decay.

    With `decay` "matrices", only parameters of two or more dimensions decay: a smaller bias or norm
    weight does not make the function simpler.
    """
    parameters = list(model.parameters())
    if settings.decay == "all":
        return [{"params": parameters, "weight_decay": settings.weight_decay}]
    matrices = [p for p in parameters if p.ndim >= 2]
    others = [p for p in parameters if p.ndim < 2]
    groups = [
        {"params": matrices, "weight_decay": settings.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def change(optimizer: Any, model: nn.Module, settings: TrainingConfig) -> None:
    """Give a restored optimiser the settings for the rest of the run."""
    new = {"momentum": settings.momentum, "betas": (settings.beta1, settings.beta2)}
    for group, like in zip(optimizer.param_groups, decay_groups(model, settings), strict=True):
        group["weight_decay"] = like["weight_decay"]
        group.update({key: value for key, value in new.items() if key in group})
