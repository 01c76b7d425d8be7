"""Which operation made the first nan: the steps since the last checkpoint, run again and watched.

Training is deterministic, so a run whose loss became nan can be taken back to its last checkpoint
and repeated with a backend that looks at every result. Then no step of an ordinary run pays for
looking.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.backend import Backend
from ..core.context import local, using


@dataclass(frozen=True)
class Culprit:
    """One operation with fine inputs and a result that is not: `made` is "nan" or "infinity"."""

    operation: str
    shapes: tuple[tuple[int, ...], ...]
    made: str

    def __str__(self) -> str:
        of = " and ".join(str(shape) for shape in self.shapes)
        return f"'{self.operation}' of shape {of}" if of else f"'{self.operation}'"


class Watch:
    """A backend that lets another do the work and notes the first nan and the first infinity."""

    def __init__(self, inner: Backend) -> None:
        self.inner = inner
        self.nan: Culprit | None = None
        self.infinity: Culprit | None = None

    def execute(self, primitive: Any, inputs: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Run one primitive, and look at what it made if nothing was found yet."""
        value = self.inner.execute(primitive, inputs, params)
        if self.nan is None:
            self._look(primitive.name, inputs, value)
        return value

    def write(self, target: Any, source: Any) -> None:
        """Writing computes nothing, so it is passed on."""
        self.inner.write(target, source)

    def _look(self, name: str, inputs: tuple[Any, ...], value: Any) -> None:
        values = value if isinstance(value, tuple) else (value,)
        arrays = [x._value for x in inputs]
        shapes = tuple(array.shape for array in arrays)
        if any(map(has_nan, values)) and not any(map(has_nan, arrays)):
            self.nan = Culprit(name, shapes, "nan")
        # Before the first nan only: nothing but an infinity can be the cause of it.
        elif any(map(has_infinity, values)) and not any(map(has_infinity, arrays)):
            self.infinity = self.infinity or Culprit(name, shapes, "infinity")


@contextmanager
def watching() -> Iterator[Watch]:
    """Within the block, every operation of this thread is looked at.

    >>> import gradatim
    >>> with watching() as watch, np.errstate(all="ignore"):
    ...     y = gradatim.tensor([0.0, 1.0]).log() * 0.0  # minus infinity times zero
    >>> watch.infinity.operation, watch.nan.operation, watch.nan.shapes[0]
    ('log', 'mul', (2,))
    """
    watch = Watch(local.context.backend)
    with using(watch):
        yield watch


def has_nan(array: Any) -> bool:
    """Whether some element is nan (whole numbers and truth values have none)."""
    return array.dtype.kind == "f" and bool(np.isnan(array).any())


def has_infinity(array: Any) -> bool:
    """Whether some element is infinite."""
    return array.dtype.kind == "f" and bool(np.isinf(array).any())
