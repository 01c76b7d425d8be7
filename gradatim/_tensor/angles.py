"""Trigonometric and hyperbolic functions, and their inverses."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..core.handle import Handle
from ..ops import elementwise as ops
from ..ops import inverse_trigonometry as inverse
from ..ops import trigonometry
from .comparison import where
from .promotion import binary_of_floats, floating, floating_binary

if TYPE_CHECKING:
    from .tensor import Tensor


class Angular(Handle):
    """`sin`, `atan2`, `tanh` and their relatives."""

    def sin(input) -> Tensor:
        """The sine, of radians."""
        return ops.sin(floating(input))

    def cos(input) -> Tensor:
        """The cosine, of radians."""
        return ops.cos(floating(input))

    def tan(input) -> Tensor:
        """The tangent, of radians."""
        return trigonometry.tan(floating(input))

    def sinc(input) -> Tensor:
        """sin(pi x) / (pi x), and 1 at 0."""
        x = floating(input)
        angle = where(x == 0, 1.0, x * math.pi)
        return where(x == 0, 1.0, angle.sin() / angle)

    def asin(input) -> Tensor:
        """The angle from -pi/2 to pi/2 with this sine."""
        return inverse.asin(floating(input))

    def acos(input) -> Tensor:
        """The angle from 0 to pi with this cosine."""
        return inverse.acos(floating(input))

    def atan(input) -> Tensor:
        """The angle from -pi/2 to pi/2 with this tangent."""
        return inverse.atan(floating(input))

    def atan2(input, other: Tensor) -> Tensor:
        """The angle of the point (other, input), from -pi to pi.

        >>> import gradatim
        >>> gradatim.tensor([1.0, 1.0]).atan2(gradatim.tensor([1.0, -1.0]))
        tensor([0.7854, 2.3562])
        """
        return floating_binary(inverse.atan2, input, other)

    def hypot(input, other: Tensor) -> Tensor:
        """sqrt(x^2 + y^2), without overflow."""
        return binary_of_floats(inverse.hypot, input, other)

    def deg2rad(input) -> Tensor:
        """Degrees as radians."""
        return floating(input) * (math.pi / 180)

    def rad2deg(input) -> Tensor:
        """Radians as degrees."""
        return floating(input) * (180 / math.pi)

    def sinh(input) -> Tensor:
        """The hyperbolic sine, (e^x - e^-x) / 2."""
        return trigonometry.sinh(floating(input))

    def cosh(input) -> Tensor:
        """The hyperbolic cosine, (e^x + e^-x) / 2."""
        return trigonometry.cosh(floating(input))

    def tanh(input) -> Tensor:
        """The hyperbolic tangent."""
        return ops.tanh(floating(input))

    def asinh(input) -> Tensor:
        """The number with this sinh."""
        return inverse.asinh(floating(input))

    def acosh(input) -> Tensor:
        """The number from 0 up with this cosh."""
        return inverse.acosh(floating(input))

    def atanh(input) -> Tensor:
        """The number with this tanh: half of log((1 + x) / (1 - x))."""
        return inverse.atanh(floating(input))

    arcsin, arccos, arctan, arctan2 = asin, acos, atan, atan2
    arcsinh, arccosh, arctanh = asinh, acosh, atanh
