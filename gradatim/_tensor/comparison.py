"""Comparisons, logic, and `where`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import ArgumentError, DTypeError
from ..core.handle import Handle, check_tensor
from ..core.numbers import numbers_of
from ..ops import elementwise as ops
from ..ops.broadcast import full
from .promotion import (
    binary,
    broadcast_shape,
    expanded,
    fits,
    floating,
    operand,
    result_type,
    to_dtype,
)

if TYPE_CHECKING:
    from .tensor import Tensor

Number = bool | int | float


class Comparison(Handle):
    """`== != < <= > >= & | ^ ~` and `where`."""

    __hash__ = object.__hash__  # by identity, as in PyTorch, so that tensors can be dict keys

    def eq(input, other: Tensor | Number) -> Tensor:
        """Elementwise `==`."""
        return binary(ops.eq, input, other)

    def ne(input, other: Tensor | Number) -> Tensor:
        """Elementwise `!=`."""
        return binary(ops.ne, input, other)

    def lt(input, other: Tensor | Number) -> Tensor:
        """Elementwise `<`."""
        return binary(ops.lt, input, other)

    def le(input, other: Tensor | Number) -> Tensor:
        """Elementwise `<=`."""
        return binary(ops.le, input, other)

    def gt(input, other: Tensor | Number) -> Tensor:
        """Elementwise `>`."""
        return binary(ops.gt, input, other)

    def ge(input, other: Tensor | Number) -> Tensor:
        """Elementwise `>=`."""
        return binary(ops.ge, input, other)

    less, less_equal, greater, greater_equal, not_equal = lt, le, gt, ge, ne

    def __eq__(self, other: Any) -> Tensor:  # type: ignore[override]
        return binary(ops.eq, self, operand(other)) if fits(other) else NotImplemented

    def __ne__(self, other: Any) -> Tensor:  # type: ignore[override]
        return binary(ops.ne, self, operand(other)) if fits(other) else NotImplemented

    def __lt__(self, other: Any) -> Tensor:
        return binary(ops.lt, self, operand(other)) if fits(other) else NotImplemented

    def __le__(self, other: Any) -> Tensor:
        return binary(ops.le, self, operand(other)) if fits(other) else NotImplemented

    def __gt__(self, other: Any) -> Tensor:
        return binary(ops.gt, self, operand(other)) if fits(other) else NotImplemented

    def __ge__(self, other: Any) -> Tensor:
        return binary(ops.ge, self, operand(other)) if fits(other) else NotImplemented

    def __and__(self, other: Any) -> Tensor:
        return _bits(ops.bitwise_and, ops.logical_and, self, other)

    def __or__(self, other: Any) -> Tensor:
        return _bits(ops.bitwise_or, ops.logical_or, self, other)

    def __xor__(self, other: Any) -> Tensor:
        return _bits(ops.bitwise_xor, ops.logical_xor, self, other)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __invert__(self) -> Tensor:
        kind = self._value.dtype.kind
        if kind == "f":
            raise TypeError(f"~: only for integer and bool tensors, got {self._value.dtype}")
        return ops.logical_not(self) if kind == "b" else ops.bitwise_not(self)

    def bitwise_and(input, other: Tensor | Number) -> Tensor:
        """Bitwise and of integers; `logical_and` of bools."""
        return _named(Comparison.__and__, "bitwise_and", input, other)

    def bitwise_or(input, other: Tensor | Number) -> Tensor:
        """Bitwise or of integers; `logical_or` of bools."""
        return _named(Comparison.__or__, "bitwise_or", input, other)

    def bitwise_xor(input, other: Tensor | Number) -> Tensor:
        """Bitwise exclusive or of integers; `logical_xor` of bools."""
        return _named(Comparison.__xor__, "bitwise_xor", input, other)

    def bitwise_not(input) -> Tensor:
        """Bitwise complement of integers; `logical_not` of bools."""
        return ~input

    def logical_and(input, other: Tensor) -> Tensor:
        """True where both are nonzero."""
        return binary(ops.logical_and, input, other)

    def logical_or(input, other: Tensor) -> Tensor:
        """True where either is nonzero."""
        return binary(ops.logical_or, input, other)

    def logical_xor(input, other: Tensor) -> Tensor:
        """True where exactly one is nonzero."""
        return binary(ops.logical_xor, input, other)

    def logical_not(input) -> Tensor:
        """True where zero."""
        return ops.logical_not(input)

    def isnan(input) -> Tensor:
        """True where nan."""
        return ops.isnan(input)

    def isinf(input) -> Tensor:
        """True where plus or minus infinity."""
        return ops.isinf(input)

    def isposinf(input) -> Tensor:
        """Where the tensor is infinity."""
        x: Any = input
        return x == math.inf

    def isneginf(input) -> Tensor:
        """Where the tensor is minus infinity."""
        x: Any = input
        return x == -math.inf

    def isfinite(input) -> Tensor:
        """True where neither nan nor infinite."""
        return ops.logical_not(ops.logical_or(ops.isnan(input), ops.isinf(input)))

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

    def where(self, condition: Tensor, other: Tensor | Number) -> Tensor:
        """`self` where `condition`, else `other`."""
        return where(condition, self, other)

    def equal(input, other: Tensor) -> bool:
        """Whether two tensors have the same shape and elements."""
        check_tensor("equal", other, "other")
        return bool(np.array_equal(numbers_of(input), numbers_of(other)))

    def isclose(
        input, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
    ) -> Tensor:
        """True where |input - other| <= atol + rtol * |other|.

        Infinities are close only to themselves, nan to nothing unless `equal_nan`.
        Errors: ArgumentError for a negative tolerance, DTypeError for unequal dtypes.

        >>> import gradatim
        >>> gradatim.tensor([1.0, 2.0]).isclose(gradatim.tensor([1.0, 2.1]))
        tensor([ True, False])
        """
        check_tensor("isclose", other, "other")
        x: Any = input
        broadcast_shape("isclose", input._value.shape, other._value.shape)
        if input._value.dtype != other._value.dtype:
            raise DTypeError(
                f"isclose: both tensors need one dtype, got {x.dtype} and {other.dtype}; use "
                ".to(dtype)"
            )
        for key, tolerance in (("rtol", rtol), ("atol", atol)):
            if not tolerance >= 0:
                raise ArgumentError(f"isclose: {key} must be 0 or more, got {tolerance}")
        same: Any = x == other
        if equal_nan:
            same = same | (x.isnan() & other.isnan())
        if rtol == atol == 0:
            return same
        reference = floating(other)  # integer differences could overflow
        distance = (floating(x) - reference).abs()
        # An infinite distance is within an infinite tolerance, but still not close.
        return (distance <= atol + rtol * reference.abs()) & distance.isfinite() | same

    def allclose(
        input, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
    ) -> bool:
        """Whether all elements are close; see `isclose`."""
        return bool(Comparison.isclose(input, other, rtol, atol, equal_nan).all())


def where(
    condition: Handle, input: Handle | Number | None = None, other: Handle | Number | None = None
) -> Any:
    """`input` where `condition` is true, else `other`; all three broadcast.

    With the condition alone, the indices where it is true: one vector per dimension.

    >>> import gradatim
    >>> x = gradatim.tensor([-1.0, 2.0])
    >>> where(x > 0, x, 0.1 * x)
    tensor([-0.1000,  2.0000])
    """
    check_tensor("where", condition, "condition")
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    if condition._value.dtype.kind != "b":
        raise DTypeError(
            "where: expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{condition._value.dtype}; use a comparison, or .bool()"
        )
    dtype, tensors = result_type(input, other), [x for x in (input, other) if isinstance(x, Handle)]
    shape = broadcast_shape("where", condition._value.shape, *[x._value.shape for x in tensors])
    # A number takes the dtype of the result at once: by way of float32, 0.1 would lose digits.
    chosen = [
        expanded(to_dtype(x, dtype), shape) if isinstance(x, Handle) else full(shape, x, dtype)
        for x in (input, other)
    ]
    return ops.where(expanded(condition, shape), *chosen)


def _named(operator: Any, name: str, x: Any, y: Any) -> Any:
    """Call an operator as a named method: NotImplemented becomes a TypeError."""
    result = operator(x, y)
    if result is NotImplemented:
        raise TypeError(f"{name}: expects a tensor or a number as other, got {type(y).__name__}")
    return result


def _bits(bitwise: Any, logical: Any, x: Any, y: Any) -> Any:
    if not fits(y):
        return NotImplemented
    y = operand(y)
    dtype = result_type(x, y)
    if dtype.kind == "f":
        raise DTypeError(f"{bitwise.name}: only for integer and bool tensors, got {dtype}")
    return binary(logical if dtype.kind == "b" else bitwise, x, y)
