"""Find where nan and infinity come from, in the backward and the forward pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..core.backend import Eager
from ..core.context import local, using
from ..core.errors import GradatimError
from ..core.handle import Handle
from ..core.primitive import Primitive
from ..core.update import Update


class detect_anomaly:
    """In backward, raise at the first nan gradient, showing the forward call it belongs to.

    >>> import gradatim
    >>> x = gradatim.tensor(0.0, requires_grad=True)
    >>> with detect_anomaly():
    ...     (x.sqrt() * 0).backward()
    Traceback (most recent call last):
        ...
    gradatim.core.errors.AutogradError: backward: SqrtBackward0 returned nan for its input 0...
    """

    def __init__(self, check_nan: bool = True) -> None:
        self._on = check_nan
        self._previous: list[bool] = []

    def __enter__(self) -> None:
        self._previous.append(local.context.anomaly)
        local.context.anomaly = self._on

    def __exit__(self, *_: object) -> None:
        local.context.anomaly = self._previous.pop()


class set_detect_anomaly(detect_anomaly):
    """Turn anomaly detection on or off when called; a `with` block restores it at its end."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        super().__init__(mode and check_nan)
        self.__enter__()

    def __enter__(self) -> None:
        if not self._previous:
            super().__enter__()


class NonFiniteError(GradatimError, ArithmeticError):
    """An operation made nan or infinity from finite numbers."""


class _Guard(Eager):
    """A NumPy backend that checks every result."""

    def execute(
        self, primitive: Primitive, inputs: tuple[Handle, ...], params: dict[str, Any]
    ) -> Any:
        value = super().execute(primitive, inputs, params)
        if not inputs:
            return value  # a constant may be infinite on purpose
        for v in value if type(value) is tuple else (value,):
            if not _finite(v) and all(_finite(x._value) for x in inputs):
                raise NonFiniteError(_guilty(primitive, inputs, v))
        return value

    def update(
        self, update: Update, rows: Sequence[tuple[Handle, ...]], params: dict[str, Any]
    ) -> None:
        for inputs in rows:
            was_finite = all(_finite(x._value) for x in inputs)
            super().update(update, [inputs], params)
            for i in update.replaces:
                if was_finite and not _finite(inputs[i]._value):
                    what = f"{update.inputs[i]} of shape {[*inputs[i]._type.shape]}"
                    raise NonFiniteError(f"{update.name} made the finite {what} infinite or nan")


@contextmanager
def stop_at_non_finite() -> Iterator[None]:
    """Check every operation inside, forward and backward; raise at the first non-finite result.

    >>> import gradatim
    >>> with stop_at_non_finite():
    ...     gradatim.tensor([1.0, 0.0]).log()
    Traceback (most recent call last):
        ...
    gradatim.autograd.anomaly.NonFiniteError: log made -inf from finite numbers: ...
    """
    with using(_Guard()):
        yield


def _finite(value: np.ndarray[Any, Any]) -> bool:
    return value.dtype.kind != "f" or bool(np.isfinite(value).all())


def _guilty(primitive: Primitive, inputs: tuple[Handle, ...], value: Any) -> str:
    first = value[~np.isfinite(value)].flat[0]
    ranges = [
        f"{name} of shape {[*x._type.shape]} from {x._value.min():.4g} to {x._value.max():.4g}"
        if x._value.size
        else name
        for name, x in zip(primitive.inputs, inputs, strict=False)
    ]
    return f"{primitive.name} made {first} from finite numbers: {', '.join(ranges) or 'no inputs'}"
