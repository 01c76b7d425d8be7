"""Backends: what executes a primitive. NumPy here; the compiler's tracer elsewhere."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy import ndarray  # used in every call, where `np.ndarray` would be a slow lookup

from .errors import GradatimError, WriteError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .handle import Handle
    from .primitive import Primitive
    from .update import Update

    Rows = Sequence[tuple[Handle, ...]]


# Infinity and nan are values here, as in PyTorch: log(0) is -inf without a word. NumPy warns,
# and `np.errstate` around every call would cost four times the call; so warnings that arise in
# the library's own modules are not shown, and NumPy's settings stay the user's.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"gradatim\.")

# Freeing one large array, never touched, tells the C library of Linux to keep what smaller ones
# leave (it raises its M_MMAP_THRESHOLD to that size, and M_TRIM_THRESHOLD to twice of it; 32 MB is
# the most it follows). Otherwise each training step gives its memory back to the system and faults
# it in again, 1600 pages in a step of a small transformer: an eighth of its time.
np.empty(31 << 20, np.uint8)


class Backend(Protocol):
    """What a backend must do."""

    def execute(
        self, primitive: Primitive, inputs: tuple[Handle, ...], params: dict[str, Any]
    ) -> Any:
        """The value of one primitive (a tuple of values if it has several outputs)."""

    def write(self, target: Handle, source: Handle) -> None:
        """Overwrite `target` with the value of `source`, of equal shape and dtype."""

    def update(self, update: Update, rows: Rows, params: dict[str, Any]) -> None:
        """Run an update on each row of inputs, in place."""

    def numbers(self, x: Handle) -> np.ndarray[Any, Any]:
        """The array of a tensor, for Python code to read; see `core.numbers`."""

    def touch(self, x: Any, what: str = "") -> None:
        """Called before state of `x` is read or changed by other means than an operation.

        `x` is a tensor, or a generator whose state is read or set. `what` is "asked" or "replaced"
        for a tensor's `.grad`, and "adopted" if its memory was taken over from NumPy.
        """

    def rebind(self, table: dict[str, Any], name: str) -> None:
        """Called before a module's buffer, `table[name]`, is replaced by another tensor."""


class Eager:
    """NumPy, immediately."""

    __slots__ = ()

    def execute(
        self, primitive: Primitive, inputs: tuple[Handle, ...], params: dict[str, Any]
    ) -> Any:
        """Run the primitive's NumPy value."""
        function = primitive.value  # a local name is faster to call
        if params:
            value = function(*[x._value for x in inputs], **params)
        elif len(inputs) == 2:  # most calls, so spelled out
            x, y = inputs
            value = function(x._value, y._value)
        elif len(inputs) == 1:
            value = function(inputs[0]._value)
        else:
            value = function(*[x._value for x in inputs])
        # NumPy answers 0-d results with scalars; tensors need an array that can be written.
        kind = type(value)
        if kind is not ndarray and kind is not tuple:
            value = np.asarray(value)
        return value

    def write(self, target: Handle, source: Handle) -> None:
        """Copy into the buffer, so that NumPy views of it see the new numbers."""
        array = target._value
        check_writable(array)
        array[...] = source._value

    def update(self, update: Update, rows: Rows, params: dict[str, Any]) -> None:
        """Let the update write straight into the buffers."""
        arrays = [[x._value for x in row] for row in rows]
        for row in arrays:
            for i in update.replaces:
                check_writable(row[i])
        update.run(arrays, params)

    def numbers(self, x: Handle) -> np.ndarray[Any, Any]:
        """The array itself."""
        value = x._value
        if isinstance(value, np.ndarray):
            return value
        raise GradatimError(_no_numbers(value))

    def touch(self, x: Any, what: str = "") -> None:
        """Nothing to do."""

    def rebind(self, table: dict[str, Any], name: str) -> None:
        """Nothing to do."""


class ForceEager(Eager):
    """Eager execution of compiled functions too, so that every operation can be observed."""

    __slots__ = ()


def _no_numbers(value: Any) -> str:
    return (
        "this tensor has no numbers: it was made while a function was traced, and only its shape "
        f"{list(value.shape)} and dtype {value.dtype} are known; return it from the compiled "
        "function instead of keeping it"
    )


def check_writable(array: np.ndarray[Any, Any]) -> None:
    """Refuse to write into memory that is read-only, or whose elements overlap."""
    flags = array.flags
    if not flags.writeable or not (flags.c_contiguous or not _is_expanded(array)):
        raise WriteError(_why_not_writable(array))


def _is_expanded(array: np.ndarray[Any, Any]) -> bool:
    return array.size > 0 and any(
        stride == 0 and n > 1 for stride, n in zip(array.strides, array.shape, strict=True)
    )


def _why_not_writable(array: np.ndarray[Any, Any]) -> str:
    if _is_expanded(array):
        return (
            "in-place write: several elements of this expanded tensor share one place in "
            "memory; call .clone() before writing"
        )
    return "in-place write: this tensor's memory is read-only; call .clone() before writing"
