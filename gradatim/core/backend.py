"""Backends execute primitives: NumPy here; the compiler's tracer is another one."""

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


# As in PyTorch, inf and nan are ordinary results: log(0) is -inf without a warning. NumPy warns,
# and `np.errstate` around every call would cost four times the call. So warnings raised in the
# library's own modules are filtered out, and the user's NumPy settings are left alone.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"gradatim\.")

# Freeing one large, untouched array makes glibc's malloc keep freed memory instead of returning it
# to the system: it raises M_MMAP_THRESHOLD to that size (up to 32 MB) and M_TRIM_THRESHOLD to twice
# that. Otherwise each training step would return its memory and page-fault it in again: 1600 pages
# in a step of a small transformer, an eighth of its time.
np.empty(31 << 20, np.uint8)


class Backend(Protocol):
    """The interface of a backend."""

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
        """Called before state of `x` is read or changed other than by an operation.

        `x` is a tensor, or a generator whose state is read or set. `what` is "asked" or "replaced"
        if a tensor's `.grad` is read or set, "added" if a gradient is added to it, and "adopted" if
        its memory came from NumPy.
        """


class Eager:
    """Run every primitive immediately, in NumPy."""

    __slots__ = ()

    def execute(
        self, primitive: Primitive, inputs: tuple[Handle, ...], params: dict[str, Any]
    ) -> Any:
        """Run the primitive's NumPy implementation."""
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
        # NumPy returns 0-d results as scalars; a tensor needs a writable array.
        kind = type(value)
        if kind is not ndarray and kind is not tuple:
            value = np.asarray(value)
        return value

    def write(self, target: Handle, source: Handle) -> None:
        """Copy into the buffer, so that NumPy views of it see the new values."""
        array = target._value
        check_writable(array)
        array[...] = source._value

    def update(self, update: Update, rows: Rows, params: dict[str, Any]) -> None:
        """Let the update write directly into the buffers."""
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


class ForceEager(Eager):
    """Runs compiled functions eagerly too, so that every operation can be observed."""

    __slots__ = ()


def _no_numbers(value: Any) -> str:
    return (
        "this tensor has no numbers: it was made while a function was traced, and only its shape "
        f"{list(value.shape)} and dtype {value.dtype} are known; return it from the compiled "
        "function instead of keeping it"
    )


def check_writable(array: np.ndarray[Any, Any]) -> None:
    """Refuse to write into read-only memory or an expanded (stride 0) array."""
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
            "in-place write: several elements of this expanded tensor share one memory location; "
            "call .clone() before writing"
        )
    return "in-place write: this tensor's memory is read-only; call .clone() before writing"
