"""Arithmetic: operators, and functions by PyTorch's names.

In this package a method's first parameter has PyTorch's name `input`, because the same function is
also `gradatim.exp(input)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.errors import ArgumentError, DTypeError, GradatimError
from ..core.handle import Handle
from ..core.numbers import glance
from ..core.primitive import Primitive
from ..ops import elementwise as ops
from ..ops import pairs
from ..ops.broadcast import copy
from .promotion import (
    binary,
    broadcast_shape,
    fits,
    floating,
    floating_binary,
    like,
    operand,
    result_type,
)

if TYPE_CHECKING:
    from .tensor import Tensor

Number = bool | int | float


class Arithmetic(Handle):
    """`+ - * / // % **` and their relatives."""

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

    def fmod(input, other: Tensor | Number) -> Tensor:
        """The remainder with the sign of the dividend, as in C.

        Errors: IntegerDivisionError (a ZeroDivisionError) for integers and a divisor of 0.

        >>> import gradatim
        >>> gradatim.tensor([7.0, -7.0]).fmod(3)
        tensor([ 1., -1.])
        """
        return division(pairs.fmod, input, other)

    def pow(input, exponent: Tensor | Number) -> Tensor:
        """`input ** exponent`, broadcast."""
        return _pow(input, exponent)

    def lerp(input, end: Tensor, weight: Tensor | Number) -> Tensor:
        """`input + weight * (end - input)`."""
        broadcast_shape("lerp", *[x._value.shape for x in (input, end) if isinstance(x, Handle)])
        return input + (end - input) * weight

    def float_power(input, exponent: Tensor | Number) -> Tensor:
        """x^y in double precision."""
        return input.double() ** (
            exponent.double() if isinstance(exponent, Handle) else float(exponent)
        )

    def addcmul(input, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1) -> Tensor:
        """`input + value * tensor1 * tensor2`."""
        return input + _product("addcmul", input, tensor1 * tensor2, value)

    def addcdiv(input, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1) -> Tensor:
        """`input + value * tensor1 / tensor2`."""
        return input + _product("addcdiv", input, tensor1 / tensor2, value)

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
        return like(self, ops.neg(_no_bool("neg", self)))

    def __pos__(self) -> Tensor:
        return self  # type: ignore[return-value]

    def __abs__(self) -> Tensor:
        return like(self, ops.abs_(_no_bool("abs", self)))

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

    def positive(input) -> Tensor:
        """The tensor itself."""
        return input  # type: ignore[return-value]

    def square(input) -> Tensor:
        """`input ** 2`."""
        return _pow(input, 2)

    def reciprocal(input) -> Tensor:
        """`1 / input`."""
        return ops.reciprocal(floating(input))

    sgn = sign
    subtract = sub
    multiply = mul
    divide = true_divide = div
    negative = neg
    absolute = abs


def _scaled(other: Any, alpha: Number) -> Any:
    return other if isinstance(alpha, int) and alpha == 1 else other * alpha


def _product(name: str, input: Any, x: Any, value: Any) -> Any:
    broadcast_shape(name, input._value.shape, x._value.shape)
    return x if value == 1 and not isinstance(value, Handle) else x * value


def _sub(x: Any, y: Any) -> Any:
    if _is_bool(x) or _is_bool(y):
        raise DTypeError("sub: not defined for bool tensors; use ^, or x.int() first")
    return binary(ops.sub, x, y)


def _pow(x: Any, y: Any) -> Any:
    if type(y) in (int, float) and isinstance(x, Handle):
        kind = x._value.dtype.kind
        if y == 2 and kind != "b" and (type(y) is int or kind == "f"):
            return like(x, ops.square(x))
        if y != 0 and kind == "f":
            return like(x, ops.power(x, exponent=y))
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


def _is_bool(x: Any) -> bool:
    return x._value.dtype.kind == "b" if isinstance(x, Handle) else isinstance(x, bool)


def _no_bool(name: str, x: Any) -> Any:
    if _is_bool(x):
        raise DTypeError(f"{name}: not defined for bool tensors; use ~x, or x.int() first")
    return x
