"""Restore a network's buffers and the random generator after examining it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..autograd import no_grad
from ..core.random import default_generator
from ..nn import Module


@contextmanager
def unchanged(model: object) -> Iterator[None]:
    """In a block, buffers may be written and random numbers drawn; afterwards all is restored."""
    held = model.buffers() if isinstance(model, Module) else ()
    buffers = [(buffer, buffer.clone()) for buffer in held]
    state = default_generator.get_state()
    try:
        yield
    finally:
        with no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)
        default_generator.set_state(state)
