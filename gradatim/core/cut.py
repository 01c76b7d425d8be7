"""How an operation's arrays are cut into rows that are computed independently of each other.

    Elements()           every element is a row of its own: (N,)
    Rows(shared=(1,))    rows (N, C), and input 1 is the same for all of them: (C,)

An operation declares a cut where a compiled kernel is faster than NumPy (see `kernels`). The cut
maps the arrays of a call to a `Form`: their shapes, with all rows in one dimension of unspecified
size. Calls with the same form differ only in the number of rows, so they share one kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple, Protocol

import numpy as np

from .storage import ArrayType

Array = np.ndarray[Any, Any]
Types = Sequence[ArrayType]
Params = dict[str, Any]

N = -1  # stands for the number of rows in a shape
SHORT = 32  # elements: every row length up to here gets a kernel of its own
EVEN = 16  # longer rows get a kernel only if their length is a multiple of this
FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


class Form(NamedTuple):
    """A call signature without the number of rows; equal forms share a kernel.

    Output k overwrites input `in_place[k]`; further outputs are new arrays.
    """

    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[np.dtype[Any], ...]
    params: tuple[tuple[str, Any], ...] = ()
    in_place: tuple[int, ...] = ()


class Cut(Protocol):
    """How to view an operation's arrays as rows."""

    def kernel_arrays(self, arrays: Sequence[Array]) -> Sequence[Array] | None:
        """The arrays to pass to a kernel; None if their layout in memory does not allow one."""

    def form(self, types: Types, params: Params) -> tuple[Form, int] | None:
        """The form of a call and its number of rows; None if no kernel is worth making."""

    def operands(self, tensors: Sequence[Any]) -> Sequence[Any]:
        """The operation's inputs, computed from the kernel's inputs by library operations."""


class Contiguous:
    """Base of cuts that pass contiguous arrays to a kernel unchanged."""

    def kernel_arrays(self, arrays: Sequence[Array]) -> Sequence[Array] | None:
        """All of them, if they are contiguous floats."""
        return arrays if are_contiguous(arrays) else None

    def operands(self, tensors: Sequence[Any]) -> Sequence[Any]:
        """The same tensors."""
        return tensors


class Elements(Contiguous):
    """Arrays of equal shape; each element is a row."""

    def form(self, types: Types, params: Params) -> tuple[Form, int] | None:
        """One dimension of all elements.

        >>> x = ArrayType((3, 4), np.dtype("float32"))
        >>> form, count = Elements().form([x, x], {})
        >>> form.shapes, count
        (((-1,), (-1,)), 12)
        """
        form = Form(((N,),) * len(types), tuple([t.dtype for t in types]), tuple(params.items()))
        return form, prod(types[0].shape)


class Rows(Contiguous):
    """Rows along the last dimensions; inputs at positions `shared` hold one row, used by all.

    `along` names the parameter that holds a row's dimensions: "dim", or "dims" for several.
    `varying` says that the row length may change from call to call. Each length needs a kernel of
    its own, so only some lengths then get one (see `is_worth_a_kernel`).
    """

    def __init__(
        self, *, shared: Sequence[int] = (), along: str | None = None, varying: bool = False
    ) -> None:
        self.shared, self.along, self.varying = frozenset(shared), along, varying

    def form(self, types: Types, params: Params) -> tuple[Form, int] | None:
        """(N, C), if rows are the last dimensions.

        >>> x, weight = (ArrayType(s, np.dtype("float32")) for s in ((8, 3, 4), (4,)))
        >>> form, count = Rows(shared=(1,)).form([x, weight], {})
        >>> form.shapes, count
        (((-1, 4), (4,)), 24)
        """
        shape = types[0].shape
        first = self._first(len(shape), params)
        width = 0 if first is None else prod(shape[first:])
        if width < 2 or (self.varying and not is_worth_a_kernel(width)):
            return None
        rows, static = prod(shape) // width, params
        if self.along is not None:
            static = {**params, self.along: 1 if self.along == "dim" else (1,)}
        sizes = [prod(t.shape) for t in types]
        shapes = [(n,) if i in self.shared else (N, n // rows) for i, n in enumerate(sizes)]
        return Form(tuple(shapes), tuple([t.dtype for t in types]), tuple(static.items())), rows

    def _first(self, ndim: int, params: Params) -> int | None:
        """The first dimension of a row, if rows are the last dimensions; else None."""
        if self.along == "dims":
            dims = params["dims"]
            first = ndim - len(dims)
            return first if dims == tuple(range(first, ndim)) else None
        return ndim - 1 if self.along is None or params["dim"] == ndim - 1 else None


def is_worth_a_kernel(width: int) -> bool:
    """Whether rows of this length, which may change from call to call, get a kernel."""
    return width <= SHORT or not width % EVEN


def are_contiguous(arrays: Sequence[Any]) -> bool:
    """Whether all are C-contiguous, aligned float arrays of one dtype.

    NumPy scalars are not arrays: they have no buffer to pass to a kernel.
    """
    dtype = arrays[0].dtype
    if dtype not in FLOATS:
        return False
    for a in arrays:
        flags = a.flags
        if not (flags.c_contiguous and flags.aligned and a.dtype == dtype):
            return False
        if not isinstance(a, np.ndarray):
            return False
    return True
