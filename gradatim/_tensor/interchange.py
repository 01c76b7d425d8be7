"""Sharing a tensor's memory with NumPy and with any library that supports DLPack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core import dtypes
from ..core.context import local
from ..core.errors import AutogradError
from ..core.handle import Handle, alias, wrap
from ..core.numbers import numbers_of
from ..core.tape import history

if TYPE_CHECKING:
    from .tensor import Tensor

_DTYPES = frozenset(d.numpy for d in dtypes.ALL)


class Interchange(Handle):
    """`numpy()`, `np.asarray(x)`, `__dlpack__`: all without a copy."""

    # Makes NumPy leave `array + tensor` to the tensor.
    __array_priority__ = 1000

    def numpy(self, *, force: bool = False) -> np.ndarray[Any, Any]:
        """A NumPy array on the same memory.

        With `force=True` a tensor that requires grad is detached first.

        >>> import gradatim
        >>> x = gradatim.zeros(2)
        >>> x.numpy()[0] = 5
        >>> x
        tensor([5., 0.])
        """
        if not force and history(self) is not None:
            raise AutogradError(
                "numpy: this tensor requires grad, and NumPy's operations are not recorded; "
                "use x.detach().numpy()"
            )
        # A view, so that changing its shape or flags does not affect the tensor's array.
        return numbers_of(self).view()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.array(Interchange.numpy(self), dtype=dtype, copy=copy)

    def __array_wrap__(
        self, array: np.ndarray[Any, Any], context: Any = None, return_scalar: bool = False
    ) -> Any:
        # The result of a NumPy function becomes a tensor if tensors have its dtype.
        return wrap(np.asarray(array)) if array.dtype in _DTYPES else array

    def __dlpack__(self, **options: Any) -> Any:
        if history(self) is not None:
            raise BufferError("dlpack: this tensor requires grad; export x.detach()")
        return numbers_of(self).__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[Any, int]:
        return numbers_of(self).__dlpack_device__()

    def data_ptr(self) -> int:
        """The address of the first element."""
        return int(numbers_of(self).ctypes.data)

    def storage_offset(self) -> int:
        """The offset of the first element in the storage, in elements."""
        array = numbers_of(self)
        start = array.ctypes.data - self._storage.value.ctypes.data
        return int(start // array.itemsize)


def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor:
    """A tensor on the memory of a NumPy array: writes to one are seen in the other.

    A read-only array gives a tensor that refuses in-place writes. Errors: TypeError for anything
    but an array, or for a dtype that tensors do not have.

    >>> import numpy as np
    >>> a = np.arange(3)
    >>> x = from_numpy(a)
    >>> a[0] = 7
    >>> x
    tensor([7, 1, 2])
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(
            f"from_numpy: expects a NumPy array, got {type(ndarray).__name__}; "
            "use gradatim.tensor for other data"
        )
    check_array("from_numpy", ndarray)
    return _adopted(ndarray)


def from_dlpack(ext_tensor: Any) -> Tensor:
    """A tensor on the memory of any DLPack object on the CPU: PyTorch's, JAX's or NumPy's.

    >>> import numpy as np
    >>> from_dlpack(np.ones(2))
    tensor([1., 1.], dtype=gradatim.float64)
    """
    if isinstance(ext_tensor, Handle):
        return alias(ext_tensor._value, ext_tensor._storage, ext_tensor._view)
    array = np.from_dlpack(ext_tensor)
    check_array("from_dlpack", array)
    return _adopted(array)


def _adopted(array: np.ndarray[Any, Any]) -> Any:
    out = wrap(array)
    local.context.backend.touch(out, "adopted")
    return out


def check_array(name: str, array: np.ndarray[Any, Any]) -> None:
    """Refuse arrays whose dtype or byte order no tensor has; the message says what to do."""
    if array.dtype in _DTYPES:
        return
    if array.dtype.isnative:
        advice = _advice(array.dtype)
        raise TypeError(f"{name}: tensors do not have the dtype {array.dtype}; {advice}")
    raise ValueError(
        f"{name}: the array's bytes are not in this machine's order ({array.dtype.str}); use "
        "array.astype(array.dtype.newbyteorder('='))"
    )


def _advice(dtype: np.dtype[Any]) -> str:
    wider = {"i": "int32", "u": "int64", "f": "float32" if dtype.itemsize < 8 else "float64"}
    if dtype.kind in wider:
        return f'use array.astype("{wider[dtype.kind]}")'
    if dtype.kind == "c":
        return "complex numbers are not supported: use array.real and array.imag"
    if dtype.kind in "MmSUVOT":
        return "only numbers and bools can be in a tensor"
    return "use array.astype(...) of one of " + ", ".join(d.name for d in dtypes.ALL)
