"""Arithmetic and elementwise functions of a tensor.

In this package a method's first parameter has PyTorch's name `input`, because the same function is
also `gradatim.exp(input)`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..core.errors import ArgumentError, DTypeError, GradatimError
from ..core.handle import Handle
from ..core.numbers import glance
from ..core.primitive import Primitive
from ..ops import elementwise as ops
from ..ops.broadcast import copy
from ..ops.erf import erf as _erf
from ..ops.trigonometry import cosh, sinh, tan
from .promotion import (
    binary,
    broadcast_shape,
    fits,
    floating,
    floating_binary,
    only_floats,
    operand,
    promoted,
    result_type,
)

if TYPE_CHECKING:
    from .tensor import Tensor

Number = bool | int | float


class Arithmetic(Handle):
    """`+ - * / // % **` and elementwise functions."""

    # -- binary functions, in PyTorch's names --------------------------------------------

    def add(input, other: Tensor | Number, *, alpha: Number = 1) -> Tensor:
        """`input + alpha * other`, broadcast."""
        return binary(ops.add, input, _scaled(other, alpha))

    def sub(input, other: Tensor | Number, *, alpha: Number = 1) -> Tensor:
        """`input - alpha * other`, broadcast."""
        return _sub(input, _scaled(other, alpha))

    def mul(input, other: Tensor | Number) -> Tensor:
        """`input * other`, broadcast."""
        return binary(ops.mul, input, other)

    def div(input, other: Tensor | Number, *, rounding_mode: str | None = None) -> Tensor:
        """`input / other`, broadcast; rounded if `rounding_mode` is "floor" or "trunc".

        >>> import gradatim
        >>> gradatim.tensor([7, -7]).div(2, rounding_mode="floor")
        tensor([ 3, -4])
        """
        if rounding_mode == "floor":
            return division(ops.floor_divide, input, other)
        if rounding_mode == "trunc":
            return division(ops.trunc_divide, input, other)
        if rounding_mode is not None:
            raise ArgumentError(
                f'div: rounding_mode must be None, "floor" or "trunc", got {rounding_mode!r}'
            )
        return floating_binary(ops.div, input, other)

    def floor_divide(input, other: Tensor | Number) -> Tensor:
        """`input // other`: the quotient rounded towards minus infinity."""
        return division(ops.floor_divide, input, other)

    def remainder(input, other: Tensor | Number) -> Tensor:
        """`input % other`, with the sign of the divisor, as in Python.

        >>> import gradatim
        >>> gradatim.tensor([7, -7]) % 3
        tensor([1, 2])
        """
        return division(ops.remainder, input, other)

    def pow(input, exponent: Tensor | Number) -> Tensor:
        """`input ** exponent`, broadcast."""
        return _pow(input, exponent)

    def maximum(input, other: Tensor) -> Tensor:
        """The larger of each pair; nan if either is."""
        return binary(ops.maximum, input, other)

    def minimum(input, other: Tensor) -> Tensor:
        """The smaller of each pair; nan if either is."""
        return binary(ops.minimum, input, other)

    def lerp(input, end: Tensor, weight: Tensor | Number) -> Tensor:
        """`input + weight * (end - input)`."""
        broadcast_shape("lerp", *[x._value.shape for x in (input, end) if isinstance(x, Handle)])
        return input + (end - input) * weight

    # -- operators: an unknown operand's own reflected method decides ----------------------

    def __add__(self, other: Any) -> Tensor:
        return binary(ops.add, self, operand(other)) if fits(other) else NotImplemented

    __radd__ = __add__

    def __sub__(self, other: Any) -> Tensor:
        return _sub(self, operand(other)) if fits(other) else NotImplemented

    def __rsub__(self, other: Any) -> Tensor:
        return _sub(operand(other), self) if fits(other) else NotImplemented

    def __mul__(self, other: Any) -> Tensor:
        return binary(ops.mul, self, operand(other)) if fits(other) else NotImplemented

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Tensor:
        return floating_binary(ops.div, self, operand(other)) if fits(other) else NotImplemented

    def __rtruediv__(self, other: Any) -> Tensor:
        return floating_binary(ops.div, operand(other), self) if fits(other) else NotImplemented

    def __floordiv__(self, other: Any) -> Tensor:
        return division(ops.floor_divide, self, operand(other)) if fits(other) else NotImplemented

    def __rfloordiv__(self, other: Any) -> Tensor:
        return division(ops.floor_divide, operand(other), self) if fits(other) else NotImplemented

    def __mod__(self, other: Any) -> Tensor:
        return division(ops.remainder, self, operand(other)) if fits(other) else NotImplemented

    def __rmod__(self, other: Any) -> Tensor:
        return division(ops.remainder, operand(other), self) if fits(other) else NotImplemented

    def __pow__(self, other: Any) -> Tensor:
        return _pow(self, operand(other)) if fits(other) else NotImplemented

    def __rpow__(self, other: Any) -> Tensor:
        return _pow(operand(other), self) if fits(other) else NotImplemented

    def __neg__(self) -> Tensor:
        return ops.neg(_no_bool("neg", self))

    def __pos__(self) -> Tensor:
        return self  # type: ignore[return-value]

    def __abs__(self) -> Tensor:
        return ops.abs_(_no_bool("abs", self))

    # -- unary functions -------------------------------------------------------------------

    def neg(input) -> Tensor:
        """`-input`."""
        return ops.neg(_no_bool("neg", input))

    def abs(input) -> Tensor:
        """The absolute value."""
        return ops.abs_(_no_bool("abs", input))

    def sign(input) -> Tensor:
        """-1, 0 or 1; bools unchanged."""
        return copy(input) if _is_bool(input) else ops.sign(input)

    def square(input) -> Tensor:
        """`input ** 2`."""
        return _pow(input, 2)

    def reciprocal(input) -> Tensor:
        """`1 / input`."""
        return ops.reciprocal(floating(input))

    def exp(input) -> Tensor:
        """e to the power of each element."""
        return ops.exp(floating(input))

    def expm1(input) -> Tensor:
        """e^x - 1, accurate near 0."""
        return ops.expm1(floating(input))

    def log(input) -> Tensor:
        """The natural logarithm; -inf at 0, nan below."""
        return ops.log(floating(input))

    def log1p(input) -> Tensor:
        """log(1 + x), accurate near 0."""
        return ops.log1p(floating(input))

    def log2(input) -> Tensor:
        """The logarithm to base 2."""
        return ops.log(floating(input)) * (1 / math.log(2.0))

    def log10(input) -> Tensor:
        """The logarithm to base 10."""
        return ops.log(floating(input)) * (1 / math.log(10.0))

    def sqrt(input) -> Tensor:
        """The square root; nan below 0."""
        return ops.sqrt(floating(input))

    def rsqrt(input) -> Tensor:
        """1 / sqrt(x)."""
        return ops.reciprocal(ops.sqrt(floating(input)))

    def sin(input) -> Tensor:
        """The sine, of radians."""
        return ops.sin(floating(input))

    def cos(input) -> Tensor:
        """The cosine, of radians."""
        return ops.cos(floating(input))

    def tan(input) -> Tensor:
        """The tangent, of radians."""
        return tan(floating(input))

    def sinh(input) -> Tensor:
        """The hyperbolic sine, (e^x - e^-x) / 2."""
        return sinh(floating(input))

    def cosh(input) -> Tensor:
        """The hyperbolic cosine, (e^x + e^-x) / 2."""
        return cosh(floating(input))

    def tanh(input) -> Tensor:
        """The hyperbolic tangent."""
        return ops.tanh(floating(input))

    def sigmoid(input) -> Tensor:
        """1 / (1 + e^-x)."""
        return ops.sigmoid(floating(input))

    def relu(input) -> Tensor:
        """max(x, 0)."""
        return ops.relu(input)

    def erf(input) -> Tensor:
        """The error function: 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x."""
        return _erf(floating(input))

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
        only_floats("round with decimals", input)
        scale = 10.0**decimals
        return ops.round_(input * scale) / scale

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
        if min is not None:
            out = ops.clamp_min(*promoted(out, min, name="clamp"))
        if max is not None:
            out = ops.clamp_max(*promoted(out, max, name="clamp"))
        return out

    clip = clamp
    subtract = sub
    multiply = mul
    divide = true_divide = div
    negative = neg
    absolute = abs


def _scaled(other: Any, alpha: Number) -> Any:
    return other if isinstance(alpha, int) and alpha == 1 else other * alpha


def _sub(x: Any, y: Any) -> Any:
    if _is_bool(x) or _is_bool(y):
        raise DTypeError("sub: not defined for bool tensors; use ^, or x.int() first")
    return binary(ops.sub, x, y)


def _pow(x: Any, y: Any) -> Any:
    is_whole = type(y) is int and not _is_bool(x)
    if (is_whole or (type(y) is float and x._value.dtype.kind == "f")) and y == 2:
        return ops.square(x)
    if _is_bool(x) and _is_bool(y):
        raise DTypeError("pow: not defined for two bool tensors; use x.int() first")
    if type(y) is int and y < 0 and x._value.dtype.kind != "f":
        raise ArgumentError(
            "pow: integers to negative integer powers are not integers; use x.float() ** k"
        )
    return binary(ops.pow_, x, y)


class IntegerDivisionError(GradatimError, ZeroDivisionError, RuntimeError):
    """Integer division by zero."""


def division(primitive: Primitive, x: Any, y: Any) -> Any:
    """`//`, `%` and `fmod`. Integer division by zero is an error; floats give inf or nan."""
    kind = result_type(x, y).kind
    if kind == "b":
        raise DTypeError(f"{primitive.name}: not defined for two bool tensors; use x.int() first")
    if kind != "f" and _has_zero(y) and not _is_empty(x):
        raise IntegerDivisionError(
            f"{primitive.name}: integer division by zero; divide floats for inf or nan"
        )
    return binary(primitive, x, y)


def _has_zero(divisor: Any) -> bool:
    if not isinstance(divisor, Handle):
        return bool(divisor == 0)
    numbers = glance(divisor)
    return numbers is not None and not numbers.all()


def _is_empty(x: Any) -> bool:
    return isinstance(x, Handle) and 0 in x._value.shape


def _rounding(primitive: Any, x: Any) -> Any:
    return primitive(x) if x._value.dtype.kind == "f" else copy(x)


def _is_bool(x: Any) -> bool:
    return x._value.dtype.kind == "b" if isinstance(x, Handle) else isinstance(x, bool)


def _no_bool(name: str, x: Any) -> Any:
    if _is_bool(x):
        raise DTypeError(f"{name}: not defined for bool tensors; use ~x, or x.int() first")
    return x
