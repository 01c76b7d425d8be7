"""Rounding to integers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.handle import Handle
from ..ops import elementwise as ops
from ..ops.broadcast import copy
from .promotion import only_floats

if TYPE_CHECKING:
    from .tensor import Tensor


class Rounded(Handle):
    """`floor`, `round` and their relatives."""

    def floor(input) -> Tensor:
        """The largest integer not above each element, in the same dtype."""
        return _rounding(ops.floor, input)

    def ceil(input) -> Tensor:
        """The smallest integer not below each element, in the same dtype."""
        return _rounding(ops.ceil, input)

    def trunc(input) -> Tensor:
        """The integer part."""
        return _rounding(ops.trunc, input)

    def round(input, *, decimals: int = 0) -> Tensor:
        """The nearest integer, halves to even; or the nearest multiple of 10^-decimals.

        >>> import gradatim
        >>> gradatim.tensor([0.5, 1.5, 2.345]).round()
        tensor([0., 2., 2.])
        >>> gradatim.tensor([0.5, 1.5, 2.345]).round(decimals=1)
        tensor([0.5000, 1.5000, 2.3000])
        """
        if decimals == 0:
            return _rounding(ops.round_, input)
        x, scale = only_floats("round with decimals", input), 10.0**decimals
        return ops.round_(x * scale) / scale

    def frac(input) -> Tensor:
        """What trunc takes off: x - trunc(x).

        >>> import gradatim
        >>> gradatim.tensor([1.25, -2.5]).frac()
        tensor([ 0.2500, -0.5000])
        """
        return only_floats("frac", input) - input.trunc()

    fix = trunc


def _rounding(primitive: Any, x: Any) -> Any:
    return primitive(x) if x._value.dtype.kind == "f" else copy(x)
