"""Who executes a primitive: NumPy here; a tracer that only writes it down, elsewhere."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy import ndarray  # asked for at every call, and an attribute of `np` is slow to find

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
    """The six things an executor does."""

    def execute(
        self, primitive: Primitive, inputs: tuple[Handle, ...], params: dict[str, Any]
    ) -> Any:
        """The value of one primitive (a tuple of values if it has several outputs)."""

    def write(self, target: Handle, source: Handle) -> None:
        """Put the value of `source`, of equal shape and dtype, in the place of `target`."""

    def update(self, update: Update, rows: Rows, params: dict[str, Any]) -> None:
        """Run an update on each row of inputs: its outputs take the places of those it replaces."""

    def numbers(self, x: Handle) -> np.ndarray[Any, Any]:
        """The array of a tensor, for Python to look at; see `core.numbers`."""

    def touch(self, x: Any, what: str = "") -> None:
        """Something of `x` is about to change, or to count, that no operation reads or writes.

        `x` is a tensor, or a generator that is asked for its state or given one. `what` tells it of
        a tensor's `.grad`, "asked" for or "replaced", or that its memory was "adopted" from NumPy.
        """

    def rebind(self, table: dict[str, Any], name: str) -> None:
        """The tensor of that name in the table is about to be another one: a module's buffer."""


class Eager:
    """NumPy, at once."""

    __slots__ = ()

    def execute(
        self, primitive: Primitive, inputs: tuple[Handle, ...], params: dict[str, Any]
    ) -> Any:
        """Run the primitive's NumPy value."""
        function = primitive.value  # called by a name of its own: Python finds that faster
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
        """Let the update write straight into the buffers, without results to be copied."""
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
        """What is done at once needs no note."""

    def rebind(self, table: dict[str, Any], name: str) -> None:
        """Nor does what Python keeps."""


class AsWritten(Eager):
    """NumPy, at once, also for what is compiled: for those who want to see every operation."""

    __slots__ = ()


def _no_numbers(value: Any) -> str:
    return (
        "this tensor has no numbers: it was made while a function was traced, and only its shape "
        f"{list(value.shape)} and dtype {value.dtype} are known; return it from the compiled "
        "function instead of keeping it"
    )


def check_writable(array: np.ndarray[Any, Any]) -> None:
    """Refuse memory that is read-only, or whose elements share places."""
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
