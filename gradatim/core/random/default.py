"""The generator that draws when none is named, and the functions that steer it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .generator import Generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

default_generator = Generator()
# As in PyTorch, a program that sets no seed gets other numbers each time.
default_generator.seed()


def manual_seed(seed: Any) -> Generator:
    """Start the default generator anew from `int(seed)` and return it.

    >>> manual_seed(42).initial_seed()
    42
    """
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Start the default generator anew from a random seed, and return that."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed that the default generator began with."""
    return default_generator.initial_seed()


def get_rng_state() -> NDArray[np.uint8]:
    """The state of the default generator, in PyTorch's bytes."""
    return default_generator.get_state()


def set_rng_state(state: NDArray[np.uint8] | bytes) -> None:
    """Let the default generator go on from `state`."""
    default_generator.set_state(state)
