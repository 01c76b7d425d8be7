"""The default generator, and the functions that control it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .generator import Generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

default_generator = Generator()
# As in PyTorch, a program that sets no seed gets different numbers in each run.
default_generator.seed()


def manual_seed(seed: Any) -> Generator:
    """Restart the default generator from `int(seed)` and return it.

    >>> manual_seed(42).initial_seed()
    42
    """
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Restart the default generator from a random seed, and return that seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed from which the default generator was started."""
    return default_generator.initial_seed()


def get_rng_state() -> NDArray[np.uint8]:
    """The state of the default generator, as bytes in PyTorch's format."""
    return default_generator.get_state()


def set_rng_state(state: NDArray[np.uint8] | bytes) -> None:
    """Let the default generator continue from `state`."""
    default_generator.set_state(state)
