"""`x[...]`, for reading and for writing.

The index parsed by `subscript` becomes one view (the same memory, one step on the tape) and, if
there are integer tensors or masks, one `take` for reading or one `put` for writing. Several index
tensors are first combined: their dimensions are moved together and merged, and the indices become
flat indices into the merged dimension.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.context import local
from ..core.dtypes import of
from ..core.errors import DTypeError, IndexOutOfRange
from ..core.handle import Handle, same_memory
from ..core.inplace import has_history, update, write
from ..core.tape import base_of
from ..ops.broadcast import numel, reshape_to
from ..ops.elementwise import where
from ..ops.indexing import fill_in, flat_index, put, put_in, take, take_pairs, true_places
from ..ops.movement import inverse, permute, slice_
from .arithmetic import Arithmetic
from .promotion import expanded
from .subscript import BadIndex, Places, Subscript, parse
from .writing import assign, in_place, shaped

if TYPE_CHECKING:
    from .tensor import Tensor


class Indexed(Handle):
    """`x[index]`, `x[index] = value`, and `index_put_`, which can accumulate."""

    def __getitem__(self, index: Any) -> Tensor:
        """Part of the tensor: a view, or a copy if the index has integer tensors or masks.

        >>> import gradatim
        >>> x = gradatim.tensor([[1, 2, 3], [4, 5, 6]])
        >>> x[:, [0, 2]]
        tensor([[1, 3],
                [4, 6]])
        >>> x[x > 2]
        tensor([3, 4, 5, 6])
        """
        shape = self._value.shape
        if type(index) is int and shape:  # a fast path, most often for rows of a batch
            n = shape[0]
            if not -n <= index < n:
                raise IndexOutOfRange(
                    f"index {index} is out of bounds for dimension 0 with size {n}"
                )
            return slice_(self, index=(index,))
        if _is_row_list(index) and shape:  # a fast path for minibatches
            try:
                return take(self, index, dim=0)
            except IndexOutOfRange:
                pass  # raised again below
        subscript = parse(shape, index)
        if not subscript.places:
            return slice_(self, index=subscript.basic)
        view = self if subscript.is_plain else slice_(self, index=subscript.basic)
        try:
            taken = _take(view, subscript.places)
        except IndexOutOfRange:
            _name_culprit(view, subscript.places)
            raise
        if _is_by_number(index):
            local.context.backend.touch(taken, "taken")
        return taken

    def __setitem__(self, index: Any, value: Any) -> None:
        subscript = parse(self._value.shape, index)
        if isinstance(value, Handle) and _is_there(value, self, subscript):
            return
        view = self if subscript.is_plain else slice_(self, index=subscript.basic)
        if subscript.places:
            _put(self, view, subscript.places, value, accumulate=False)
            if isinstance(value, Handle) and _is_by_number(index):
                local.context.backend.touch(value, "put back")
        else:
            assign(_WRITE, view, value)

    def index_put_(
        input, indices: Sequence[Tensor], values: Tensor, accumulate: bool = False
    ) -> Tensor:
        """`input[indices] = values`; with `accumulate`, values at equal indices add up.

        >>> import gradatim
        >>> x = gradatim.zeros(3)
        >>> places = gradatim.tensor([0, 0, 2])
        >>> x.index_put_((places,), gradatim.tensor([1.0, 2.0, 3.0]), accumulate=True)
        tensor([3., 0., 3.])
        """
        subscript = parse(input._value.shape, tuple(indices))
        view = input if subscript.is_plain else slice_(input, index=subscript.basic)
        if subscript.places:
            _put(input, view, subscript.places, values, accumulate=accumulate)
        elif accumulate:
            in_place(Arithmetic.add, view, shaped("index_put_", view, values, view._value.shape))
        else:
            assign("index_put_", view, values)
        return input  # type: ignore[return-value]

    def index_put(
        input, indices: Sequence[Tensor], values: Tensor, accumulate: bool = False
    ) -> Tensor:
        """A copy with `values` at `indices`; see `index_put_`."""
        return input.clone().index_put_(indices, values, accumulate)


def _is_by_number(index: Any) -> bool:
    """Whether an index has what stands for a number while traced: the part ought to be a view."""
    parts = index if type(index) is tuple else (index,)
    return any(isinstance(i, Handle) and i._is_number for i in parts)


def _is_row_list(index: Any) -> bool:
    return isinstance(index, Handle) and index._value.dtype.kind == "i" and index._value.shape != ()


def _take(view: Any, places: Sequence[Places]) -> Any:
    if len(places) == 2:  # a fast path for x[i, j]
        a, b = places
        i, j = a.tensor._value, b.tensor._value
        if a.dim + 1 == b.dim and i.shape == j.shape and i.dtype.kind == j.dtype.kind == "i":
            return take_pairs(view, a.tensor, b.tensor, dim=a.dim)
    chosen = _Chosen(view, places)
    return take(chosen.merged, chosen.index, dim=chosen.dim)


class _Chosen:
    """Index tensors of a view, combined into one index into one dimension, `dim`.

    `moved` is the view with the indexed dimensions adjacent, `merged` with these merged into one.
    """

    def __init__(self, view: Any, places: Sequence[Places]) -> None:
        self.order: tuple[int, ...] | None = None
        self.dim = places[0].dim
        self.moved = self.merged = view
        if len(places) == 1 and places[0].span == 1:
            self.index = _numbers(places[0].tensor)
            return
        shape = view._value.shape
        taken = [d for p in places for d in range(p.dim, p.dim + p.span)]
        if taken[-1] - taken[0] >= len(taken):  # not adjacent: the indexed dimensions go first
            self.dim = 0
            self.order = (*taken, *(d for d in range(len(shape)) if d not in taken))
            self.moved = permute(view, order=self.order)
        sizes = tuple([numel(shape[p.dim : p.dim + p.span]) for p in places])
        around = self.moved._value.shape
        rest = around[self.dim + len(taken) :]
        self.merged = reshape_to(self.moved, (*around[: self.dim], numel(sizes), *rest))
        self.index = _one_index([_numbers(p.tensor) for p in places], sizes)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the result."""
        around, dim = self.merged._value.shape, self.dim
        return (*around[:dim], *self.index._value.shape, *around[dim + 1 :])

    def back(self, merged: Any) -> Any:
        """Undo the merging and moving, for a tensor shaped as `merged`."""
        moved = reshape_to(merged, self.moved._value.shape)
        return moved if self.order is None else permute(moved, order=inverse(self.order))


def _one_index(indices: Sequence[Any], sizes: tuple[int, ...]) -> Any:
    if len(indices) == 1:
        return indices[0]
    shapes = [i._value.shape for i in indices]
    if shapes.count(shapes[0]) < len(shapes) and not _broadcast(shapes):
        raise BadIndex(
            "shape mismatch: indexing tensors could not be broadcast together with shapes "
            + ", ".join(str(list(s)) for s in shapes)
        )
    return flat_index(*indices, sizes=sizes)


def _broadcast(shapes: list[tuple[int, ...]]) -> bool:
    longest = max(map(len, shapes))
    columns = zip(*[(1,) * (longest - len(s)) + s for s in shapes], strict=True)
    return all(len(set(column) - {1}) <= 1 for column in columns)


def _numbers(x: Any) -> Any:
    """Indices unchanged; a mask as the flat indices where it is true."""
    return true_places(x) if x._value.dtype.kind == "b" else x


_WRITE = "x[...] = value"


def _is_there(value: Any, x: Any, subscript: Subscript) -> bool:
    """Whether a value is this very part of the tensor: `x[i] += y` ends by assigning it again."""
    if value is x:
        return subscript.is_plain and not subscript.places
    if subscript.places or value._base is None or value._base is not base_of(x):
        return False
    last = value._view
    if last is None or last.before is not x._view or last.primitive is not slice_:
        return False
    return bool(last.params == {"index": subscript.basic})


def _put(x: Any, view: Any, places: Sequence[Places], value: Any, *, accumulate: bool) -> None:
    """Write `value` where index tensors point into a view of `x`."""
    is_number = not isinstance(value, Handle)
    one_mask = len(places) == 1 and places[0].tensor._value.dtype.kind == "b"
    if one_mask and not accumulate and (is_number or not value._value.shape):
        _fill(view, places[0], value)
        return
    if not is_number and value._value.dtype != x._value.dtype:
        raise DTypeError(
            f"{_WRITE}: with a tensor as the index, the value must have the dtype of x: "
            f"it is {of(value._value.dtype).name} instead of {of(x._value.dtype).name}; "
            f"use .to({of(x._value.dtype)})"
        )
    chosen = _Chosen(view, places)
    values = shaped(_WRITE, x, value, chosen.shape)
    place, how = chosen.index, {"dim": chosen.dim, "accumulate": accumulate}
    try:
        if same_memory(chosen.merged, view) and not has_history(view, values):
            update(put_in, chosen.merged, place, values, **how)
        else:
            write(view, chosen.back(put(chosen.merged, place, values, **how)), derived=True)
    except IndexOutOfRange:
        _name_culprit(view, places)
        raise


def _fill(view: Any, place: Places, value: Any) -> None:
    """Write one number where a mask is true, for which the count of true elements is not needed."""
    mask, shape = place.tensor, view._value.shape
    before, behind = (1,) * place.dim, (1,) * (len(shape) - place.dim - place.span)
    mask = reshape_to(mask, (*before, *mask._value.shape, *behind))
    if not has_history(view, *([value] if isinstance(value, Handle) else [])):
        update(fill_in, view, mask, shaped(_WRITE, view, value, ()))
        return
    mask = expanded(mask, shape)
    write(view, where(mask, shaped(_WRITE, view, value, shape), view), derived=True)


def _name_culprit(view: Any, places: Sequence[Places]) -> None:
    """Raise for the index that is out of range, naming the dimension of the indexed tensor."""
    for place in places:
        index, n = place.tensor._value, view._value.shape[place.dim]
        if isinstance(index, np.ndarray) and index.dtype.kind != "b":
            wrong = index[(index < -n) | (index >= n)]
            if wrong.size:
                raise IndexOutOfRange(
                    f"index {wrong.flat[0]} is out of bounds for dimension {place.origin} with "
                    f"size {n}"
                ) from None
