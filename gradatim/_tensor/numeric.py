"""Functions of one or two numbers beyond arithmetic: angles, remainders, bounds, repairs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import DTypeError
from ..core.handle import Handle, check_tensor
from ..core.primitive import Primitive
from ..core.tape import bind
from ..ops import inverse_trigonometry as inverse
from ..ops import pairs
from .arithmetic import division
from .comparison import where
from .promotion import broadcast_shape, floating, floating_binary, only_floats, promoted, to_dtype

if TYPE_CHECKING:
    from .tensor import Tensor

Number = bool | int | float


class Numeric(Handle):
    """Inverse functions of angles, `fmod` and `frac`, `nan_to_num`, `addcmul` and others."""

    # -- angles ----------------------------------------------------------------------------

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

    def asinh(input) -> Tensor:
        """The number with this sinh."""
        return inverse.asinh(floating(input))

    def acosh(input) -> Tensor:
        """The number from 0 up with this cosh."""
        return inverse.acosh(floating(input))

    def atanh(input) -> Tensor:
        """The number with this tanh: half of log((1 + x) / (1 - x))."""
        return inverse.atanh(floating(input))

    def hypot(input, other: Tensor) -> Tensor:
        """sqrt(x^2 + y^2), without overflow."""
        return _of_floats(inverse.hypot, input, other)

    def deg2rad(input) -> Tensor:
        """Degrees as radians."""
        return floating(input) * (math.pi / 180)

    def rad2deg(input) -> Tensor:
        """Radians as degrees."""
        return floating(input) * (180 / math.pi)

    def sinc(input) -> Tensor:
        """sin(pi x) / (pi x), and 1 at 0."""
        x = floating(input)
        angle = where(x == 0, 1.0, x * math.pi)
        return where(x == 0, 1.0, angle.sin() / angle)

    # -- remainders and signs --------------------------------------------------------------

    def fmod(input, other: Tensor | Number) -> Tensor:
        """The remainder with the sign of the dividend, as in C.

        Errors: IntegerDivisionError (a ZeroDivisionError) for integers and a divisor of 0.

        >>> import gradatim
        >>> gradatim.tensor([7.0, -7.0]).fmod(3)
        tensor([ 1., -1.])
        """
        return division(pairs.fmod, input, other)

    def frac(input) -> Tensor:
        """What trunc takes off: x - trunc(x).

        >>> import gradatim
        >>> gradatim.tensor([1.25, -2.5]).frac()
        tensor([ 0.2500, -0.5000])
        """
        return only_floats("frac", input) - input.trunc()

    def fix(input) -> Tensor:
        """Rounded towards 0: another name of `trunc`."""
        return input.trunc()

    def sgn(input) -> Tensor:
        """-1, 0 or 1: another name of `sign`."""
        return input.sign()

    def positive(input) -> Tensor:
        """The tensor itself."""
        return input  # type: ignore[return-value]

    def heaviside(input, values: Tensor) -> Tensor:
        """0 below zero, 1 above, and `values` at it. Errors: DTypeError for different dtypes."""
        check_tensor("heaviside", values, "values")
        if input.dtype != values.dtype:
            raise DTypeError(
                f"heaviside: input is {input.dtype} and values {values.dtype}; they must be equal"
            )
        x: Any = input
        step = to_dtype(x > 0, x._value.dtype)
        return where(x.isnan(), 0, where(x == 0, values, step)).detach()

    # -- logarithms and exponentials -------------------------------------------------------

    def exp2(input) -> Tensor:
        """2^x."""
        return 2 ** floating(input)

    def logaddexp(input, other: Tensor) -> Tensor:
        """log(e^x + e^y), without overflow.

        >>> import gradatim
        >>> gradatim.tensor([0.0, 200.0]).logaddexp(gradatim.tensor([0.0, 0.0]))
        tensor([  0.6931, 200.0000])
        """
        return _of_floats(pairs.logaddexp, input, other)

    def logaddexp2(input, other: Tensor) -> Tensor:
        """log2(2^x + 2^y), without overflow."""
        x, y = promoted(input, other, name="logaddexp2")
        two = math.log(2)
        return (only_floats("logaddexp2", x) * two).logaddexp(y * two) / two

    def logit(input, eps: float | None = None) -> Tensor:
        """log(p / (1 - p)), the inverse of sigmoid; p is held in [eps, 1 - eps] if that is given.

        >>> import gradatim
        >>> gradatim.tensor([0.5, 0.75]).logit()
        tensor([0.0000, 1.0986])
        """
        p = floating(input)
        if eps is not None:
            p = p.clamp(eps, 1 - eps)
        return p.log() - (-p).log1p()

    def xlogy(input, other: Tensor | Number) -> Tensor:
        """x log y, and 0 where x is 0, unless y is nan."""
        x, y = promoted(input, other, name="xlogy", floating=True)
        is_zero = (x == 0) & ((y <= 0) | y.isinf())  # where log y is not finite
        return x * where(is_zero, 1.0, y).log()

    def float_power(input, exponent: Tensor | Number) -> Tensor:
        """x^y in double precision."""
        return input.double() ** (
            exponent.double() if isinstance(exponent, Handle) else float(exponent)
        )

    # -- bounds and repairs ----------------------------------------------------------------

    def clamp_min(input, min: Tensor | Number) -> Tensor:
        """`min` where the tensor is less."""
        return input.clamp(min=min)

    def clamp_max(input, max: Tensor | Number) -> Tensor:
        """`max` where the tensor is more."""
        return input.clamp(max=max)

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

    def isposinf(input) -> Tensor:
        """Where the tensor is infinity."""
        x: Any = input
        return x == math.inf

    def isneginf(input) -> Tensor:
        """Where the tensor is minus infinity."""
        x: Any = input
        return x == -math.inf

    # -- products and quotients, added -----------------------------------------------------

    def addcmul(input, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1) -> Tensor:
        """`input + value * tensor1 * tensor2`."""
        return input + _scaled("addcmul", input, tensor1 * tensor2, value)

    def addcdiv(input, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1) -> Tensor:
        """`input + value * tensor1 / tensor2`."""
        return input + _scaled("addcdiv", input, tensor1 / tensor2, value)

    arcsin, arccos, arctan, arctan2 = asin, acos, atan, atan2
    arcsinh, arccosh, arctanh = asinh, acosh, atanh


def _of_floats(primitive: Primitive, x: Any, y: Any) -> Any:
    """`binary` for operations that exist for floats only, of which either input may be one."""
    x, y = promoted(x, y, name=primitive.name)
    return bind(primitive, only_floats(primitive.name, x), y)


def _scaled(name: str, input: Any, x: Any, value: Any) -> Any:
    broadcast_shape(name, input._value.shape, x._value.shape)
    return x if value == 1 and not isinstance(value, Handle) else x * value
