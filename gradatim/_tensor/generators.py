"""The random generator with PyTorch's interface: its state is a tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core import random as core
from ..core.context import local
from ..core.handle import Handle, wrap
from ..core.numbers import numbers_of
from .device import CPU, check_device, device

if TYPE_CHECKING:
    from .tensor import Tensor


class Generator:
    """An independent stream of random numbers, to be passed as `generator=`.

    A seed gives the same numbers as in PyTorch's CPU generator.

    >>> import gradatim
    >>> g = gradatim.Generator().manual_seed(42)
    >>> gradatim.randint(10, (3,), generator=g)
    tensor([2, 7, 6])
    """

    __slots__ = ("_engine",)

    def __init__(self, device: Any = "cpu") -> None:
        check_device(device)
        self._engine = core.Generator()

    @property
    def device(self) -> device:
        """Where numbers are drawn: always the CPU."""
        return CPU

    def manual_seed(self, seed: Any) -> Generator:
        """Restart the stream from `seed`, and return the generator."""
        local.context.backend.touch(self)
        self._engine.manual_seed(int(seed))
        return self

    def seed(self) -> int:
        """Restart from a random seed of the operating system, and return that seed."""
        local.context.backend.touch(self)
        return self._engine.seed()

    def initial_seed(self) -> int:
        """The seed from which the stream was started."""
        return self._engine.initial_seed()

    def get_state(self) -> Tensor:
        """The position in the stream, as bytes in PyTorch's format."""
        local.context.backend.touch(self)
        return wrap(self._engine.get_state())

    def set_state(self, new_state: Any) -> Generator:
        """Continue from a state returned by `get_state`, here or in PyTorch."""
        local.context.backend.touch(self)
        self._engine.set_state(_bytes(new_state))
        return self

    def clone_state(self) -> Generator:
        """A second generator that gives the same numbers from here on."""
        return _around(self._engine.clone_state())

    def __repr__(self) -> str:
        return f"<gradatim.Generator of seed {self.initial_seed()}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _around, (self._engine,)


def _around(engine: core.Generator) -> Generator:
    generator = Generator.__new__(Generator)
    generator._engine = engine
    return generator


default_generator = _around(core.default_generator)


def engine_of(name: str, generator: Any) -> core.Generator:
    """The stream to draw from: the default one unless another is given."""
    if generator is None:
        return core.default_generator
    if isinstance(generator, Generator):
        return generator._engine
    if isinstance(generator, core.Generator):
        return generator
    raise TypeError(
        f"{name}: generator must be a gradatim.Generator, got {type(generator).__name__}; "
        "for a seed use gradatim.Generator().manual_seed(seed)"
    )


def manual_seed(seed: Any) -> Generator:
    """Restart the default generator from `seed`, and return it.

    >>> import gradatim
    >>> _ = gradatim.manual_seed(0)
    >>> gradatim.rand(2)
    tensor([0.4963, 0.7682])
    """
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Restart the default generator from a random seed of the operating system; return that."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed from which the default generator was started."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The state of the default generator, as bytes.

    >>> import gradatim
    >>> state = gradatim.get_rng_state()
    >>> before = gradatim.rand(3)
    >>> gradatim.set_rng_state(state)
    >>> gradatim.equal(gradatim.rand(3), before)
    True
    """
    return default_generator.get_state()


def set_rng_state(new_state: Any) -> None:
    """Let the default generator continue from a state of `get_rng_state`."""
    default_generator.set_state(new_state)


def _bytes(state: Any) -> np.ndarray[Any, Any] | bytes:
    return numbers_of(state) if isinstance(state, Handle) else state
