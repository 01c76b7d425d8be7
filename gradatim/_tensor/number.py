"""What stands for a Python number while a function is traced: a 0-d tensor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.numbers import numbers_of
from .promotion import is_number, result_type
from .tensor import Tensor


class Number(Tensor):
    """A 0-d tensor that promotes, and is returned, as the Python number that it stands for.

    What is computed from numbers only is one too. Where its value is needed, an error says that it
    is not known.
    """

    _is_number = True

    def __hash__(self) -> int:
        return hash(numbers_of(self).item())

    def __repr__(self) -> str:
        return repr(numbers_of(self).item())

    def __pow__(self, other: Any) -> Tensor:
        return self._power(other, super().__pow__)

    def __rpow__(self, other: Any) -> Tensor:
        return self._power(other, super().__rpow__)

    def _power(self, other: Any, power: Callable[[Any], Tensor]) -> Tensor:
        if not is_number(other):
            return power(other)
        if result_type(self, other).kind == "i":
            numbers_of(self)  # it may be a float, or have more than 64 bits
        return as_number(power(other))

    def __invert__(self) -> Number:
        if self._value.dtype.kind == "b":
            numbers_of(self)  # in Python it is -1 or -2
        return as_number(super().__invert__())


def as_number(x: Any) -> Number:
    """The same 0-d tensor, from now on standing for a number."""
    x.__class__ = Number
    return x
