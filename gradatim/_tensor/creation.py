"""New tensors from data, from one number, or from a range.

As in PyTorch, `dtype=None` means the dtype that fits the data (bool, int64 or the default float),
and `requires_grad=True` makes a leaf that accumulates its gradient. Every `device` is the CPU.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core import dtypes
from ..core.context import GradMode
from ..core.errors import ArgumentError, DTypeError, ShapeError
from ..core.handle import Handle
from ..ops import creation as ops
from ..ops.broadcast import copy as copied
from .device import check_device
from .dims import shape_sizes
from .interchange import from_numpy
from .memory_format import asks_for_order
from .nested import array_from, fitted
from .promotion import to_dtype

if TYPE_CHECKING:
    from .tensor import Tensor

Number = bool | int | float


# -- from data -----------------------------------------------------------------------------


def tensor(
    data: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """A tensor with a copy of `data`: a number, nested sequences, an array or a tensor.

    Errors: ValueError for rows of unequal length, TypeError or RuntimeError for elements that are
    not numbers; the message says where in `data`.

    >>> tensor([[1, 2], [3, 4]]).shape
    gradatim.Size([2, 2])
    >>> tensor([1, 2.5])
    tensor([1.0000, 2.5000])
    """
    check_device(device)
    kind = None if dtype is None else dtypes.of(dtype).numpy
    if isinstance(data, Handle):
        with GradMode(False):
            out: Any = copied(data) if kind in (None, data._value.dtype) else to_dtype(data, kind)
    else:
        out = ops.constant(array=array_from("tensor", data, kind))
    return out.requires_grad_() if requires_grad else out


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """`data` as a tensor, without a copy if it is a tensor or an array of the right dtype.

    >>> x = tensor([1.0])
    >>> as_tensor(x) is x
    True
    """
    check_device(device)
    if isinstance(data, np.ndarray):
        data = from_numpy(data)
    if not isinstance(data, Handle):
        return tensor(data, dtype=dtype)
    return to_dtype(data, data._value.dtype if dtype is None else dtypes.of(dtype).numpy)


def asarray(
    obj: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    copy: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """`as_tensor` that always copies if `copy` is True, and never (else an error) if False."""
    out: Any = as_tensor(obj, dtype=dtype, device=device)
    shares = out is obj or out._value is obj
    if copy is False and not shares:
        raise ArgumentError("asarray: this needs a copy; leave out copy=False, or dtype=")
    if copy and shares:
        out = copied(out)
    if out.requires_grad or requires_grad:
        out = out.detach()
    return out.requires_grad_() if requires_grad else out


def scalar_tensor(
    s: Number, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A 0-d tensor of the default dtype."""
    kind = dtypes.get_default_dtype() if dtype is None else dtype
    return tensor(s, dtype=kind, device=device, requires_grad=requires_grad)


# -- one number everywhere -----------------------------------------------------------------


def zeros(
    *sizes: Any,
    size: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Zeros of shape `size`, given as numbers or as one sequence.

    >>> zeros(2, 3)
    tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """
    return filled("zeros", sizes or size, 0, dtype, device, requires_grad)


def ones(
    *sizes: Any,
    size: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Ones of shape `size`, given as numbers or as one sequence.

    >>> ones(3)
    tensor([1., 1., 1.])
    """
    return filled("ones", sizes or size, 1, dtype, device, requires_grad)


def empty(
    *sizes: Any,
    size: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """A tensor to be overwritten; it holds zeros, for reproducible results if it is not."""
    if memory_format is not None and not asks_for_order("empty", memory_format):
        raise ArgumentError(f"empty: memory_format={memory_format}: there is nothing to preserve")
    return filled("empty", sizes or size, 0, dtype, device, requires_grad)


def full(
    size: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """`fill_value` in every element; without `dtype` its type determines the dtype.

    >>> full((2,), 7)
    tensor([7, 7])
    """
    if not isinstance(size, Iterable):
        raise TypeError(f"full: size must be a tuple of integers, got {size}; write (n,)")
    value = number("full", "fill_value", fill_value)
    kind = dtypes.of_number(value) if dtype is None else dtypes.of(dtype).numpy
    return filled("full", tuple(size), value, kind, device, requires_grad)


def eye(
    n: int,
    m: int | None = None,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The identity matrix, (n, n) or (n, m): ones on the diagonal, zeros elsewhere.

    >>> eye(2, 3)
    tensor([[1., 0., 0.],
            [0., 1., 0.]])
    """
    rows, columns = shape_sizes("eye", (n, n if m is None else m))
    on_diagonal: Any = arange(rows).unsqueeze(1) == arange(columns)
    kind = floating_or(dtype)
    return made(to_dtype(on_diagonal, kind), device, requires_grad)


# -- ranges --------------------------------------------------------------------------------


def arange(
    start: Any = 0,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """`start`, `start + step`, ... below `end`: `arange(end)`, or `arange(start, end, step)`.

    Integers give int64, a float among the arguments the default float. Errors: RuntimeError if
    `step` is zero or leads away from `end`.

    >>> arange(1, 2, 0.25)
    tensor([1.0000, 1.2500, 1.5000, 1.7500])
    """
    if end is None:
        start, end = 0, start
    first = number("arange", "start", start)
    last = number("arange", "end", end)
    gap = number("arange", "step", step)
    if dtype is not None:
        kind = dtypes.of(dtype).numpy
    elif isinstance(first, int) and isinstance(last, int) and isinstance(gap, int):
        kind = dtypes.int64.numpy
    else:
        kind = floating_or(None)
    if kind.kind == "b":
        raise NotImplementedError("arange: a range of bools has no meaning; use an integer dtype")
    count = _range_length(first, last, gap, whole=kind == np.int64)
    if kind.kind != "f":
        first, gap = int(first), int(gap)
        for bound in (first, first + count * gap):
            if not -(2**63) <= bound <= 2**63:
                raise DTypeError(f"arange: {bound} is outside the 64-bit integers")
    return made(ops.arange(start=first, step=gap, count=count, dtype=kind), device, requires_grad)


def _range_length(start: Any, end: Any, step: Any, *, whole: bool) -> int:
    if not (math.isfinite(start) and math.isfinite(end)):
        raise ShapeError(f"arange: unsupported range: {start} -> {end}; bounds must be finite")
    if whole:  # int64 ranges truncate their arguments first
        start, end, step = int(start), int(end), int(step)
    if step == 0:
        raise ShapeError("arange: step must be nonzero")
    if (end < start) if step > 0 else (end > start):
        raise ShapeError(
            f"arange: a step of {step} does not lead from {start} to {end}: upper bound and lower "
            "bound inconsistent with step sign"
        )
    return -((start - end) // step) if whole else math.ceil((end - start) / step)


def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """`steps` evenly spaced numbers from `start` to `end`, both included.

    >>> linspace(0, 1, 5)
    tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
    """
    out = _evenly("linspace", start, end, steps, floating_or(dtype))
    return made(out, device, requires_grad)


def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """`steps` numbers from base^start to base^end, evenly spaced in the exponent.

    >>> logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    kind = floating_or(dtype)
    exponents = _evenly("logspace", start, end, steps, np.dtype(np.float64))
    return made(to_dtype(float(base) ** exponents, kind), device, requires_grad)


def _evenly(name: str, start: Any, end: Any, steps: int, kind: np.dtype[Any]) -> Any:
    bounds = {"start": number(name, "start", start), "stop": number(name, "end", end)}
    (count,) = shape_sizes(f"{name}: steps", (steps,))
    return ops.linspace(**bounds, count=count, dtype=kind)


# -- shared helpers ------------------------------------------------------------------------


def filled(name: str, size: Any, value: Any, dtype: Any, device: Any, requires_grad: bool) -> Any:
    """A tensor filled with one number; `size` is a shape, or the arguments of a call."""
    kind = floating_or(dtype)
    if value not in (0, 1):
        value = fitted(name, np.array(value), kind).item()
    out = ops.filled(shape=new_shape(name, size), value=value, dtype=kind)
    return made(out, device, requires_grad)


def new_shape(name: str, size: Any) -> tuple[int, ...]:
    """The shape given by a call `f(2, 3)`, `f((2, 3))` or `f(size=(2, 3))`."""
    if size is None:
        raise TypeError(f"{name}: missing the size; pass () for a tensor of one number")
    return shape_sizes(name, size if isinstance(size, (tuple, list)) else (size,))


def floating_or(dtype: Any) -> np.dtype[Any]:
    """This dtype, or the default float."""
    return (dtypes.get_default_dtype() if dtype is None else dtypes.of(dtype)).numpy


def made(out: Any, device: Any, requires_grad: bool) -> Any:
    """Apply the arguments that every function here takes: `device` and `requires_grad`."""
    check_device(device)
    return out.requires_grad_() if requires_grad else out


def number(name: str, argument: str, value: Any) -> Any:
    """A Python number, converted from a 0-d tensor, array or NumPy scalar if need be."""
    kind = type(value)
    if kind is int or kind is float or kind is bool:
        return value
    if isinstance(value, (Handle, np.ndarray, np.generic)) and not value.shape:
        value = value.item()
    if not isinstance(value, (int, float)):
        raise TypeError(f"{name}: {argument} must be a number, got {type(value).__name__}")
    return value
