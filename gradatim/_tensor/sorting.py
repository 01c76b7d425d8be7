"""Sorting and what builds on it. All sorts are stable; nan is the largest number.

Sorting computes indices, and values are gathered with them, so gradients flow back to the elements
that the values came from.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arguments import whole_number
from ..core.errors import ArgumentError, ShapeError
from ..core.handle import Handle
from ..ops import sorting as ops
from ..ops.broadcast import count, full, reshape_to
from ..ops.elementwise import like
from ..ops.indexing import gather
from ..ops.movement import cat
from . import return_types
from .dims import one_dim, sliced_dim
from .extremes import chosen, refuse_empty
from .index_arguments import at_least_1d, flattened, narrowed
from .numpy_names import numpy_names
from .promotion import result_type, to_dtype

if TYPE_CHECKING:
    from .tensor import Tensor

Number = int | float
_INT32, _INT64 = np.dtype(np.int32), np.dtype(np.int64)


class SelectionError(ArgumentError, RuntimeError):
    """A selection of more elements, or of another one, than a dimension has."""


class Sorted(Handle):
    """`sort`, `topk`, `median`, `unique` and their relatives."""

    @numpy_names
    def sort(
        input, dim: int = -1, descending: bool = False, stable: bool = False
    ) -> return_types.sort:
        """The elements in order along `dim`, and their indices.

        >>> import gradatim
        >>> gradatim.tensor([3, 1, 2]).sort().values
        tensor([1, 2, 3])
        """
        index = _order("sort", input, dim, descending)
        return return_types.sort(_read(input, index, dim), index)

    def msort(input) -> Tensor:
        """Sorted along the first dimension."""
        return input.sort(0).values

    @numpy_names
    def argsort(input, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
        """The indices that sort along `dim`."""
        return _order("argsort", input, dim, descending)

    @numpy_names
    def topk(
        input, k: int, dim: int = -1, largest: bool = True, sorted: bool = True
    ) -> return_types.topk:
        """The `k` largest (or smallest) elements along `dim`, most extreme first, with indices.

        >>> import gradatim
        >>> gradatim.tensor([3, 1, 2]).topk(2).indices
        tensor([0, 2])
        """
        rows, dim, n = _rows("topk", input, dim)
        k = whole_number("topk: k", k)
        if not 0 <= k <= n:
            raise SelectionError(
                f"topk: selected index k out of range: k = {k}, dimension {dim} has size {n}"
            )
        index = ops.top(rows, k=k, dim=dim, largest=largest)
        if not input._value.shape and k:
            index = reshape_to(index, ())
        return return_types.topk(_read(input, index, dim), index)

    @numpy_names
    def kthvalue(input, k: int, dim: int = -1, keepdim: bool = False) -> return_types.kthvalue:
        """The k-th smallest element along `dim`, counted from 1, and its index.

        >>> import gradatim
        >>> gradatim.tensor([3, 1, 2]).kthvalue(2).values
        tensor(2)
        """
        _, dim, n = _rows("kthvalue", input, dim)
        k = whole_number("kthvalue: k", k)
        if not 1 <= k <= n:
            raise SelectionError(
                f"kthvalue: selected number k out of range for dimension {dim}: k = {k}, size {n}"
            )
        return return_types.kthvalue(*_kth("kthvalue", input, k - 1, dim, keepdim))

    @numpy_names
    def median(input, dim: int | None = None, keepdim: bool = False) -> Any:
        """The middle element, the lower of two; along `dim`, with its index. nan if any is nan.

        >>> import gradatim
        >>> gradatim.tensor([4.0, 1.0, 3.0, 2.0]).median()
        tensor(2.)
        """
        if dim is None:
            x = flattened(input)
            return _median(x, 0, False)[0] if input.numel() else like(x.sum(), math.nan)
        dim = one_dim("median", dim, input.ndim)
        refuse_empty("median", input, (dim,))
        return return_types.median(*_median(input, dim, keepdim))

    @numpy_names
    def mode(input, dim: int = -1, keepdim: bool = False) -> return_types.mode:
        """The most frequent element along `dim`, the least of several, and its last index.

        >>> import gradatim
        >>> gradatim.tensor([3, 1, 3, 1, 2]).mode()
        gradatim.return_types.mode(
        values=tensor(1),
        indices=tensor(3))
        """
        rows, dim, _ = _rows("mode", input, dim)
        refuse_empty("mode", rows, (dim,))
        x = rows.movedim(dim, -1).contiguous()
        order = ops.argsort(x, dim=x.ndim - 1, descending=False)
        found = gather(x, order, dim=x.ndim - 1).detach().contiguous()
        ends = ops.searchsorted(found, found, right=True)
        often: Any = ends - ops.searchsorted(found, found, right=False)
        end = ends.gather(-1, often.argmax(-1, keepdim=True))
        index = order.gather(-1, end - 1).movedim(-1, dim)
        return return_types.mode(*chosen(input, rows, index, dim, keepdim))

    @numpy_names
    def unique(
        input,
        sorted: bool = True,
        return_inverse: bool = False,
        return_counts: bool = False,
        dim: int | None = None,
    ) -> Any:
        """The distinct elements in order; with `dim`, its distinct slices.

        `return_inverse` adds each element's index in the result, `return_counts` the number of
        occurrences.

        >>> import gradatim
        >>> gradatim.tensor([3, 1, 3]).unique(return_counts=True)
        (tensor([1, 3]), tensor([1, 2]))
        """
        x: Any = input
        if dim is not None:
            dim = one_dim("unique", dim, x.ndim)
        values, inverse, counts = ops.unique(x, dim=dim)
        return _answer(values, inverse, counts, return_inverse, return_counts)

    @numpy_names
    def unique_consecutive(
        input, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
    ) -> Any:
        """The flattened input (or the slices of `dim`) without repeated neighbours.

        >>> import gradatim
        >>> gradatim.tensor([1, 1, 3, 1]).unique_consecutive()
        tensor([1, 3, 1])
        """
        x: Any = flattened(input) if dim is None else input
        along = sliced_dim("unique_consecutive", dim or 0, x.ndim)
        changes = _changes(x, along)
        start = full((min(x._value.shape[along], 1),), 0, _INT64)
        inverse = cat(start, changes.cumsum(0), dim=0)
        first = cat(like(start, 1), changes, dim=0).nonzero()
        values = x.index_select(along, flattened(first))
        counts = inverse.bincount()
        if dim is None:
            inverse = reshape_to(inverse, input._value.shape)
        return _answer(values, inverse, counts, return_inverse, return_counts)


def searchsorted(
    sorted_sequence: Tensor,
    input: Tensor | Number,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
) -> Tensor:
    """The index at which to insert each value to keep the last dimension in order.

    It is before equal elements, or after them if `right` (`side="right"`). The sequence is a
    vector, or has the leading dimensions of `input`. `sorter` holds the indices that sort it.

    >>> import gradatim
    >>> searchsorted(gradatim.tensor([1, 3, 5]), gradatim.tensor([0, 3, 9]))
    tensor([0, 1, 3])
    """
    if side not in (None, "left", "right"):
        raise ArgumentError(f'searchsorted: side must be "left" or "right", got {side!r}')
    if sorter is not None:
        sorted_sequence = sorted_sequence.gather(-1, sorter)
    return _search("searchsorted", sorted_sequence, input, right or side == "right", out_int32)


def bucketize(
    input: Tensor | Number, boundaries: Tensor, *, out_int32: bool = False, right: bool = False
) -> Tensor:
    """The index of the bucket, between sorted boundaries, that each value falls into.

    A value on a boundary belongs to the bucket below, or above if `right`.

    >>> import gradatim
    >>> bucketize(gradatim.tensor([0.5, 2.0]), gradatim.tensor([1.0, 2.0]))
    tensor([0, 1])
    """
    if boundaries.ndim != 1:
        raise ShapeError(f"bucketize: boundaries must be a vector, got {list(boundaries.shape)}")
    return _search("bucketize", boundaries, input, right, out_int32)


def _search(name: str, edges: Any, values: Any, right: bool, out_int32: bool) -> Any:
    dtype = result_type(edges, values)
    if not isinstance(values, Handle):
        values = full((), values, dtype)
    own, asked = edges._value.shape, values._value.shape
    if len(own) != 1 and (own[:-1] != asked[:-1] or not own):
        raise ShapeError(
            f"{name}: boundaries should be 1-dimensional, or agree with the input in all but the "
            f"last dimension; got boundaries {list(own)} and input {list(asked)}"
        )
    index = ops.searchsorted(to_dtype(edges, dtype), to_dtype(values, dtype), right=right)
    return to_dtype(index, _INT32) if out_int32 else index


def _rows(name: str, x: Any, dim: int) -> tuple[Any, int, int]:
    """`x` as at least 1-d, `dim` as a non-negative number, and its size."""
    dim = one_dim(name, dim, x.ndim)
    rows = at_least_1d(x)
    return rows, dim, rows._value.shape[dim]


def _order(name: str, x: Any, dim: int, descending: bool) -> Any:
    rows, dim, _ = _rows(name, x, dim)
    return reshape_to(ops.argsort(rows, dim=dim, descending=descending), x._value.shape)


def _read(x: Any, index: Any, dim: int) -> Any:
    rows, dim, _ = _rows("sort", x, dim)
    return reshape_to(gather(rows, at_least_1d(index), dim=dim), index._value.shape)


def _kth(name: str, x: Any, k: int, dim: int, keepdim: bool) -> tuple[Any, Any]:
    """The element at position `k` (from 0) of the order along `dim`, and its index."""
    rows, dim, _ = _rows(name, x, dim)
    index = ops.kth(rows, k=k, dim=dim)
    return chosen(x, rows, index, dim, keepdim)


def _median(x: Any, dim: int, keepdim: bool) -> tuple[Any, Any]:
    """The lower median along `dim`, and its index; or the first nan, if there is one."""
    rows, dim, _ = _rows("median", x, dim)
    return chosen(x, rows, ops.median(rows, dim=dim), dim, keepdim)


def _changes(x: Any, dim: int) -> Any:
    """For each slice of `dim` but the first, 1 if it differs from its predecessor; int64."""
    shape = x._value.shape
    width = count(shape, tuple(d for d in range(len(shape)) if d != dim))
    rows = reshape_to(x.movedim(dim, 0), (shape[dim], width))
    return (narrowed(rows, 1, None) != narrowed(rows, None, -1)).any(1).long()


def _answer(values: Any, inverse: Any, counts: Any, inverse_too: bool, counts_too: bool) -> Any:
    wanted = [values]
    if inverse_too:
        wanted.append(inverse)
    if counts_too:
        wanted.append(counts)
    return tuple(wanted) if len(wanted) > 1 else values
