"""Dtype promotion and broadcasting, between the user's operands and the primitives.

Elementwise primitives take tensors of one shape and one dtype. Here Python numbers become tensors,
dtypes are promoted as in PyTorch (see `core.dtypes`), and broadcasting is inserted as an operation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import dtypes
from ..core.errors import DTypeError, ShapeError
from ..core.handle import Handle, wrap
from ..core.primitive import Primitive
from ..core.tape import bind
from ..ops.broadcast import broadcast_to, full
from ..ops.elementwise import cast

Shape = tuple[int, ...]
_DOUBLE, _LONG = np.dtype(np.float64), np.dtype(np.int64)
_EXAMPLES = {"f": 0.0, "i": 0, "b": False}  # numbers of each kind of dtype


def binary(primitive: Primitive, x: Any, y: Any) -> Any:
    """Apply a binary primitive to operands of any dtypes and broadcastable shapes."""
    if isinstance(y, Handle):
        if isinstance(x, Handle):
            a, b = x._value, y._value
            if a.dtype is b.dtype and a.shape == b.shape:
                out = bind(primitive, x, y)
                return _number(out, x) if not a.shape and x._is_number and y._is_number else out
    elif type(y) is float or type(y) is int:
        a = x._value
        if a.dtype.kind == "f" or (a.dtype.kind == "i" and type(y) is int):
            out = bind(primitive, x, full(a.shape, y, a.dtype))
            return _number(out, x) if not a.shape and x._is_number else out
    out = bind(primitive, *promoted(x, y, name=primitive.name))
    return _number(out, x, y) if is_number(x) and is_number(y) else out


def binary_of_floats(primitive: Primitive, x: Any, y: Any) -> Any:
    """`binary` for a primitive of floats only; one of the two may be of integers."""
    x, y = promoted(x, y, name=primitive.name)
    return bind(primitive, only_floats(primitive.name, x), y)


def _number(out: Any, *operands: Any) -> Any:
    """The result of numbers, of the class that the first tensor among them has."""
    out.__class__ = next(type(x) for x in operands if isinstance(x, Handle))
    return out


def like(x: Any, out: Any) -> Any:
    """`out`, computed from `x` alone: it stands for a number if `x` does."""
    return _number(out, x) if x._is_number else out


def floating_binary(primitive: Primitive, x: Any, y: Any) -> Any:
    """`binary` for operations with floating results: integers become the default float."""
    if isinstance(x, Handle) and x._value.dtype.kind == "f":
        return binary(primitive, x, y)
    out = bind(primitive, *promoted(x, y, name=primitive.name, floating=True))
    return _number(out, x, y) if is_number(x) and is_number(y) else out


def floating(x: Any) -> Any:
    """The tensor itself if floating, else a cast to the default dtype."""
    if x._value.dtype.kind == "f":
        return x
    return cast(x, dtype=dtypes.get_default_dtype().numpy)


def only_floats(name: str, x: Any) -> Any:
    """The tensor itself; DTypeError unless it is floating."""
    if x._value.dtype.kind != "f":
        raise DTypeError(f"{name}: needs a floating tensor, got {x.dtype}; use .float() first")
    return x


def promoted(x: Any, y: Any, *, name: str, floating: bool = False) -> tuple[Any, Any]:
    """Both operands as tensors of their common dtype and broadcast shape."""
    dtype = result_type(x, y)
    if floating and dtype.kind != "f":
        of_numbers = is_number(x) and is_number(y)
        dtype = _DOUBLE if of_numbers else dtypes.get_default_dtype().numpy
    if not isinstance(y, Handle):
        return to_dtype(x, dtype), full(x._value.shape, y, dtype)
    if not isinstance(x, Handle):
        return full(y._value.shape, x, dtype), to_dtype(y, dtype)
    shape = broadcast_shape(name, x._value.shape, y._value.shape)
    return expanded(to_dtype(x, dtype), shape), expanded(to_dtype(y, dtype), shape)


def result_type(*operands: Any) -> np.dtype[Any]:
    """PyTorch's result dtype for an operation on these tensors and Python numbers."""
    common: np.dtype[Any] | None = None
    common_weight = 0
    for x in operands:
        if isinstance(x, Handle) and x._is_number:
            if all(map(is_number, operands)):
                return _DOUBLE if any(map(_is_floating, operands)) else _LONG
            dtype, weight = dtypes.of_number(_EXAMPLES[x._value.dtype.kind]), 0
        elif isinstance(x, Handle):
            dtype, weight = x._value.dtype, 2 if x._value.shape else 1
        else:
            dtype, weight = dtypes.of_number(x), 0
        if common is None:
            common, common_weight = dtype, weight
        else:
            common = dtypes.promote(common, common_weight, dtype, weight)
            common_weight = max(common_weight, weight)
    assert common is not None
    return common


def is_number(x: Any) -> bool:
    """Whether it is a Python number, or a tensor that stands for one while a program is traced."""
    return x._is_number if isinstance(x, Handle) else True


def _is_floating(number: Any) -> bool:
    if isinstance(number, Handle):
        return bool(number._value.dtype.kind == "f")
    return isinstance(number, float)


def to_dtype(x: Any, dtype: np.dtype[Any]) -> Any:
    """`x` itself if it has this dtype, else a cast."""
    return x if x._value.dtype == dtype else cast(x, dtype=dtype)


def expanded(x: Any, shape: Shape) -> Any:
    """`x` itself if it has this shape, else broadcast to it."""
    return x if x._value.shape == shape else broadcast_to(x, shape=shape)


def broadcast_shape(name: str, *shapes: Shape) -> Shape:
    """The broadcast shape of operands: right-aligned, 1 expands to any size. Errors: ShapeError."""
    if len({*shapes}) == 1:
        return shapes[0]
    result: list[int] = []
    for shape in shapes:
        if len(shape) > len(result):
            result = [1] * (len(shape) - len(result)) + result
        for i, n in enumerate(reversed(shape), 1):
            if result[-i] == 1:
                result[-i] = n
            elif n not in (1, result[-i]):
                raise ShapeError(
                    f"{name}: shapes {' and '.join(str(list(s)) for s in shapes)} do not "
                    f"broadcast: they differ at dimension {-i} ({result[-i]} against {n}); sizes "
                    "must be equal or 1, counted from the last dimension"
                )
    return tuple(result)


def as_tensor(x: Any) -> Any:
    """A Python number or NumPy array as a tensor; tensors are returned unchanged."""
    if isinstance(x, Handle):
        return x
    if isinstance(x, np.ndarray):
        return wrap(x)
    return full((), x, dtypes.of_number(x))


def fits(x: Any) -> bool:
    """Whether `x` is a valid operand: a tensor, a number or an array."""
    return isinstance(x, (Handle, int, float, np.ndarray, np.generic))


def operand(x: Any) -> Any:
    """`x` as a tensor or a Python number: NumPy arrays are wrapped."""
    return wrap(x) if isinstance(x, np.ndarray) else x
