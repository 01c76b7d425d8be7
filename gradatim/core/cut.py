"""How an operation's arrays are cut into rows, each of which is computed by itself.

    Elements()           all arrays alike, and every element by itself: (N,)
    Rows(shared=(1,))    rows (N, C), and an input that is the same for all of them, (C,)

An operation says so where machine code has something to gain (see `kernels`). A cut tells for the
arrays of a call what `Form` they have: their shapes with the rows as one dimension, whose number is
left open. Calls of one form differ in nothing else, so they can have one program.
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
SHORT = 32  # elements of a row: of each such length a program is worth making
EVEN = 16  # of longer rows, of those whose lengths are multiples of this
FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


class Form(NamedTuple):
    """What calls have in common that differ in the number of rows only.

    Output k takes the place of input `in_place[k]`; the outputs that are left are new.
    """

    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[np.dtype[Any], ...]
    params: tuple[tuple[str, Any], ...] = ()
    in_place: tuple[int, ...] = ()


class Cut(Protocol):
    """How the arrays of an operation are seen as rows."""

    def taken(self, arrays: Sequence[Array]) -> Sequence[Array] | None:
        """The arrays that machine code is given; None if they do not lie in memory in order."""

    def form(self, types: Types, params: Params) -> tuple[Form, int] | None:
        """The form of such arrays, and how many rows they are; None if they are none."""

    def arranged(self, tensors: Sequence[Any]) -> Sequence[Any]:
        """Inputs of a form as the operation wants them, in library operations."""


class InOrder:
    """What cuts have in common whose arrays are taken as they come."""

    def taken(self, arrays: Sequence[Array]) -> Sequence[Array] | None:
        """All of them, if they are floats that lie in order."""
        return arrays if in_order(arrays) else None

    def arranged(self, tensors: Sequence[Any]) -> Sequence[Any]:
        """As they are."""
        return tensors


class Elements(InOrder):
    """Arrays of one shape, and every element by itself."""

    def form(self, types: Types, params: Params) -> tuple[Form, int] | None:
        """All of it as one line.

        >>> x = ArrayType((3, 4), np.dtype("float32"))
        >>> form, count = Elements().form([x, x], {})
        >>> form.shapes, count
        (((-1,), (-1,)), 12)
        """
        form = Form(((N,),) * len(types), tuple([t.dtype for t in types]), tuple(params.items()))
        return form, prod(types[0].shape)


class Rows(InOrder):
    """Rows of the last dimensions; the inputs at the places `shared` are one row for all.

    `along` is the parameter that says which dimensions these are: "dim", or several, "dims". Rows
    that are `loose` may well have another length in the next call, and each length takes a program
    of its own: so not every length has a form.
    """

    def __init__(
        self, *, shared: Sequence[int] = (), along: str | None = None, loose: bool = False
    ) -> None:
        self.shared, self.along, self.loose = frozenset(shared), along, loose

    def form(self, types: Types, params: Params) -> tuple[Form, int] | None:
        """(N, C), where the rows are the last dimensions.

        >>> x, weight = (ArrayType(s, np.dtype("float32")) for s in ((8, 3, 4), (4,)))
        >>> form, count = Rows(shared=(1,)).form([x, weight], {})
        >>> form.shapes, count
        (((-1, 4), (4,)), 24)
        """
        shape = types[0].shape
        first = self._first(len(shape), params)
        width = 0 if first is None else prod(shape[first:])
        if width < 2 or (self.loose and not is_steady(width)):
            return None
        rows, told = prod(shape) // width, params
        if self.along is not None:
            told = {**params, self.along: 1 if self.along == "dim" else (1,)}
        sizes = [prod(t.shape) for t in types]
        shapes = [(n,) if i in self.shared else (N, n // rows) for i, n in enumerate(sizes)]
        return Form(tuple(shapes), tuple([t.dtype for t in types]), tuple(told.items())), rows

    def _first(self, ndim: int, params: Params) -> int | None:
        """Where the dimensions of a row begin, if they are the last ones."""
        if self.along == "dims":
            dims = params["dims"]
            first = ndim - len(dims)
            return first if dims == tuple(range(first, ndim)) else None
        return ndim - 1 if self.along is None or params["dim"] == ndim - 1 else None


def is_steady(width: int) -> bool:
    """Whether a program is worth making for rows of a length that may change from call to call."""
    return width <= SHORT or not width % EVEN


def in_order(arrays: Sequence[Any]) -> bool:
    """Whether floats of one dtype lie one after the other in each of the arrays.

    NumPy's scalars are no arrays: their numbers lie elsewhere.
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
