"""Numbers kept within bounds, and the larger or smaller of two."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import ArgumentError
from ..core.handle import Handle
from ..ops import elementwise as ops
from .comparison import where
from .promotion import binary, promoted

if TYPE_CHECKING:
    from .tensor import Tensor

Number = bool | int | float


class Bounded(Handle):
    """`clamp`, `maximum`, `relu`, `nan_to_num` and their relatives."""

    def clamp(
        input, min: Tensor | Number | None = None, max: Tensor | Number | None = None
    ) -> Tensor:
        """Elements clamped to [min, max]; the gradient passes where they were inside.

        >>> import gradatim
        >>> gradatim.tensor([-2, 0, 5]).clamp(-1, 1)
        tensor([-1,  0,  1])
        """
        if min is None and max is None:
            raise ArgumentError("clamp: give min, max or both")
        out: Any = input
        if {type(min), type(max)} <= {int, float} and out._value.dtype.kind == "f":
            return ops.clamp(out, low=min, high=max)
        if min is not None:
            out = ops.clamp_min(*promoted(out, min, name="clamp"))
        if max is not None:
            out = ops.clamp_max(*promoted(out, max, name="clamp"))
        return out

    def clamp_min(input, min: Tensor | Number) -> Tensor:
        """`min` where the tensor is less."""
        return input.clamp(min=min)

    def clamp_max(input, max: Tensor | Number) -> Tensor:
        """`max` where the tensor is more."""
        return input.clamp(max=max)

    def relu(input) -> Tensor:
        """max(x, 0)."""
        return ops.relu(input)

    def maximum(input, other: Tensor) -> Tensor:
        """The larger of each pair; nan if either is."""
        return binary(ops.maximum, input, other)

    def minimum(input, other: Tensor) -> Tensor:
        """The smaller of each pair; nan if either is."""
        return binary(ops.minimum, input, other)

    def fmax(input, other: Tensor) -> Tensor:
        """The larger of each pair; of nan and a number, the number."""
        x: Any = input
        return where((x >= other) | other.isnan(), x, other)

    def fmin(input, other: Tensor) -> Tensor:
        """The smaller of each pair; of nan and a number, the number."""
        x: Any = input
        return where((x <= other) | other.isnan(), x, other)

    def nan_to_num(
        input, nan: float | None = None, posinf: float | None = None, neginf: float | None = None
    ) -> Tensor:
        """`nan` for nan (0 by default), and the largest numbers, or those given, for infinities.

        >>> import gradatim
        >>> gradatim.tensor([gradatim.nan, -gradatim.inf, 1.0]).nan_to_num(neginf=-9.0)
        tensor([ 0., -9.,  1.])
        """
        if input._value.dtype.kind != "f":
            return input.clone()
        most = float(np.finfo(input._value.dtype).max)
        x: Any = input
        out: Any = where(x == math.inf, most if posinf is None else posinf, x)
        out = where(x == -math.inf, -most if neginf is None else neginf, out)
        return where(x.isnan(), nan or 0.0, out)

    clip = clamp
