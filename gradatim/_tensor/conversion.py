"""The dtype and device of a tensor, and conversion to another dtype."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core import dtypes
from ..core.errors import DTypeError
from ..core.handle import Handle
from ..ops.broadcast import copy as copied
from ..ops.broadcast import numel
from .device import CPU, check_device, device
from .memory_format import asks_for_order
from .promotion import to_dtype

if TYPE_CHECKING:
    from .tensor import Tensor

# In the class below, `bool` and `int` are methods.
Bool = bool
Int = int

_BY_NUMPY = {d.numpy: d for d in dtypes.ALL}

# PyTorch's names of tensor types, as `x.type()` returns and `x.type("...")` accepts them.
_TYPE_NAMES = {
    dtypes.float32: "FloatTensor",
    dtypes.float64: "DoubleTensor",
    dtypes.int64: "LongTensor",
    dtypes.int32: "IntTensor",
    dtypes.uint8: "ByteTensor",
    dtypes.bool_: "BoolTensor",
}
_BY_TYPE_NAME = {name: kind for kind, name in _TYPE_NAMES.items()}


class Conversion(Handle):
    """`dtype`, `device`, and the methods that change them."""

    @property
    def dtype(self) -> dtypes.dtype:
        """The type of the elements."""
        return _BY_NUMPY[self._value.dtype]

    @property
    def device(self) -> device:
        """Where the tensor is: always the CPU."""
        return CPU

    is_cuda = False
    is_sparse = False
    is_meta = False

    @property
    def itemsize(self) -> Int:
        """The size of one element in bytes."""
        return Int(self._value.dtype.itemsize)

    @property
    def nbytes(self) -> Int:
        """The size of all elements in bytes."""
        return numel(self._value.shape) * Int(self._value.dtype.itemsize)

    def element_size(self) -> Int:
        """The size of one element in bytes."""
        return Int(self._value.dtype.itemsize)

    def is_floating_point(input) -> Bool:
        """Whether the dtype is a floating-point one."""
        return Bool(input._value.dtype.kind == "f")

    def is_complex(input) -> Bool:
        """False: complex numbers are not supported."""
        return False

    def is_signed(input) -> Bool:
        """Whether the dtype can represent negative values."""
        return input._value.dtype.kind in "fi"

    def get_device(input) -> Int:
        """-1, PyTorch's number of the CPU."""
        return -1

    # -- one dtype to another --------------------------------------------------------------

    def to(
        self,
        *args: Any,
        dtype: Any = None,
        device: Any = None,
        non_blocking: Bool = False,
        copy: Bool = False,
        memory_format: Any = None,
    ) -> Tensor:
        """The tensor itself if it already is as requested, else a converted copy.

        `x.to(dtype)`, `x.to(device)`, `x.to(device, dtype)` or `x.to(other)`; `copy=True`
        always copies. Gradients flow back through the conversion.

        >>> import gradatim
        >>> gradatim.tensor([1, 2]).to(gradatim.float64)
        tensor([1., 2.], dtype=gradatim.float64)
        """
        kind, copy = _read_to(args, dtype, device, copy)
        if copy and (kind is None or kind == self._value.dtype):
            asks_for_order("to", memory_format)  # only checked: a copy is always contiguous
            return copied(self)
        return _converted("to", self, kind, memory_format)

    def float(self, *, memory_format: Any = None) -> Tensor:
        """As float32."""
        return _converted("float", self, dtypes.float32.numpy, memory_format)

    def double(self, *, memory_format: Any = None) -> Tensor:
        """As float64."""
        return _converted("double", self, dtypes.float64.numpy, memory_format)

    def int(self, *, memory_format: Any = None) -> Tensor:
        """As int32; fractions are truncated."""
        return _converted("int", self, dtypes.int32.numpy, memory_format)

    def long(self, *, memory_format: Any = None) -> Tensor:
        """As int64; fractions are truncated."""
        return _converted("long", self, dtypes.int64.numpy, memory_format)

    def bool(self, *, memory_format: Any = None) -> Tensor:
        """As bool: True where nonzero."""
        return _converted("bool", self, dtypes.bool_.numpy, memory_format)

    def byte(self, *, memory_format: Any = None) -> Tensor:
        """As uint8, modulo 256."""
        return _converted("byte", self, dtypes.uint8.numpy, memory_format)

    def type_as(self, other: Tensor) -> Tensor:
        """With the dtype of `other`."""
        return to_dtype(self, other._value.dtype)

    def type(self, dtype: Any = None, non_blocking: Bool = False) -> Any:
        """PyTorch's name of the tensor's type, or the tensor as another type.

        >>> import gradatim
        >>> gradatim.tensor([1, 2]).type()
        'gradatim.LongTensor'
        """
        if dtype is None:
            return f"gradatim.{_TYPE_NAMES[self.dtype]}"
        return to_dtype(self, _type_named(dtype).numpy)

    # -- devices: there is only the CPU ----------------------------------------------------

    def cpu(self, *, memory_format: Any = None) -> Tensor:
        """The tensor itself: it is on the CPU."""
        asks_for_order("cpu", memory_format)
        return self  # type: ignore[return-value]

    def cuda(self, device: Any = None, non_blocking: Bool = False) -> Tensor:
        """The tensor itself: every device is the CPU here."""
        check_device(device)
        return self  # type: ignore[return-value]

    def pin_memory(self, device: Any = None) -> Tensor:
        """The tensor itself: there is no device to copy it to."""
        return self  # type: ignore[return-value]

    def is_pinned(self, device: Any = None) -> Bool:
        """False: memory is never pinned."""
        return False


def _converted(name: str, x: Any, kind: Any, memory_format: Any) -> Any:
    """The tensor itself if it has the dtype, else a copy, contiguous if the format says so."""
    in_order = asks_for_order(name, memory_format)
    if kind is None or kind == x._value.dtype:
        return x
    converted: Any = to_dtype(x, kind)
    return converted.contiguous() if in_order else converted


def _read_to(
    args: tuple[Any, ...], dtype: Any, device: Any, copy: bool
) -> tuple[np.dtype[Any] | None, bool]:
    """The dtype that a call of `to` requests (None: unchanged), and its `copy` flag."""
    check_device(device)
    rest = list(args)
    if rest and isinstance(rest[0], Handle):
        dtype = rest.pop(0)._value.dtype
    elif rest and is_dtype(rest[0]):
        dtype = rest.pop(0)
    elif rest:
        check_device(rest.pop(0))
        if rest and (rest[0] is None or is_dtype(rest[0])):
            dtype = rest.pop(0) or dtype
    if len(rest) > 2 or not all(isinstance(x, bool) for x in rest):
        raise TypeError(
            "to: expects a dtype, a device, a device and a dtype, or a tensor, then "
            f"non_blocking and copy; got {args}"
        )
    if len(rest) == 2:
        copy = rest[1]
    return (None if dtype is None else dtypes.of(dtype).numpy), copy


def is_dtype(x: Any) -> bool:
    """Whether `x` is a dtype, NumPy's or Python's included."""
    return isinstance(x, (dtypes.dtype, np.dtype, type))


def _type_named(kind: Any) -> dtypes.dtype:
    """The dtype of `gradatim.float32`, "torch.FloatTensor", or the function `FloatTensor`."""
    name = kind if isinstance(kind, str) else getattr(kind, "__name__", "")
    if name.endswith("Tensor"):
        dtype = _BY_TYPE_NAME.get(name.rpartition(".")[2])
        if dtype is None:
            known = ", ".join(_BY_TYPE_NAME)
            raise DTypeError(f"type: {name} is not supported: use one of {known}")
        return dtype
    return dtypes.of(kind)
