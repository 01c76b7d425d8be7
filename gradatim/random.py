"""The default generator in PyTorch's place: `gradatim.random.fork_rng()` and seeding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ._tensor.generators import get_rng_state, initial_seed, manual_seed, seed, set_rng_state

__all__ = ["fork_rng", "get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state"]


@contextmanager
def fork_rng(
    devices: Iterable[Any] | None = None,
    enabled: bool = True,
    device_type: str = "cuda",
) -> Iterator[None]:
    """Draw without moving the default generator: afterwards it is where it was.

    `devices` and `device_type` are accepted and change nothing: there is only the CPU.

    >>> import gradatim
    >>> state = gradatim.get_rng_state()
    >>> with fork_rng():
    ...     x = gradatim.rand(3)
    >>> gradatim.equal(state, gradatim.get_rng_state())
    True
    """
    if not enabled:
        yield
        return
    state = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(state)
