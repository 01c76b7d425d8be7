"""The vocabulary size, which only the data can determine."""

from __future__ import annotations

from dataclasses import replace

from ..config import RunConfig
from ..errors import BadUse


def with_vocabulary(config: RunConfig, size: int, what: str) -> RunConfig:
    """The settings with this vocabulary size, and every interval resolved.

    Errors: BadUse if the settings ask for another size; `what` says where this one comes from.
    """
    default = type(config.model)().vocab_size
    if config.model.vocab_size not in (size, default):
        raise BadUse(
            f"model.vocab_size is {config.model.vocab_size}, but {what}; leave it out, it follows"
            " from the data"
        )
    model = replace(config.model, vocab_size=size)
    return replace(config, model=model, training=config.training.resolved())
