"""Tensors as Python numbers: in conditions, formats, indices and loops."""

from __future__ import annotations

import numbers
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import GradatimError
from ..core.handle import Handle
from ..core.numbers import numbers_of

if TYPE_CHECKING:
    from .tensor import Tensor


class NumberError(GradatimError, RuntimeError, ValueError):
    """A tensor of several elements, or another unfit value, where one number is needed."""


class PythonValues(Handle):
    """`item`, `tolist`, and the special methods of Python's numbers and containers."""

    def item(self) -> Any:
        """The number in a tensor of one element, as a Python bool, int or float.

        >>> import gradatim
        >>> gradatim.tensor([2.5]).item()
        2.5
        """
        return _only(self, "item").item()

    def tolist(self) -> Any:
        """The elements as nested lists; for a 0-d tensor, its number."""
        return numbers_of(self).tolist()

    def __float__(self) -> float:
        return float(_only(self, "float()").item())

    def __int__(self) -> int:
        return int(_only(self, "int()").item())

    def __complex__(self) -> complex:
        return complex(_only(self, "complex()").item())

    def __bool__(self) -> bool:
        array = numbers_of(self)
        if array.size != 1:
            raise NumberError(
                f"bool(): the truth of a tensor of {array.size} elements (shape "
                f"{list(array.shape)}) is ambiguous; use .any(), .all(), or == with .item()"
            )
        return bool(array.item())

    def __index__(self) -> int:
        array = numbers_of(self)
        if array.size != 1 or array.dtype.kind == "f":
            raise TypeError(
                "index: only an integer tensor of one element can be an index of a list or a "
                f"size; this one has shape {list(array.shape)} and dtype {array.dtype}"
            )
        return int(array.item())

    def __format__(self, spec: str) -> str:
        if self._value.shape:
            return object.__format__(self, spec)
        return format(_only(self, "format()").item(), spec)

    def __iter__(self) -> Iterator[Tensor]:
        if not self._value.shape:
            raise TypeError("iteration over a 0-d tensor; use .item() for its number")
        return iter(self.unbind(0))

    def __reversed__(self) -> Tensor:
        return self.flip(0) if self._value.shape else self  # type: ignore[return-value]

    def __contains__(self, element: Any) -> bool:
        if not isinstance(element, Handle | numbers.Number | np.generic):
            raise NumberError(
                f"in: a tensor contains numbers and tensors, not {type(element).__name__}"
            )
        return bool((self == element).any())  # type: ignore[attr-defined]

    def is_nonzero(input) -> bool:
        """Whether the single element is nonzero."""
        return bool(input)


def _only(x: Any, name: str) -> np.ndarray[Any, Any]:
    array = numbers_of(x)
    if array.size != 1:
        raise NumberError(
            f"{name}: needs a tensor of one element; this one has {array.size}, of shape "
            f"{list(array.shape)}; use .tolist() for all of them"
        )
    return array
