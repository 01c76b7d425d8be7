"""Copies with elements reordered or repeated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from ..core.errors import ArgumentError, DTypeError, ShapeError
from ..core.handle import Handle
from ..core.numbers import numbers_of
from ..ops import broadcast, movement
from ..ops.creation import constant
from ..ops.indexing import take
from .dims import different_dims, integers, one_dim, sliced_dim
from .numpy_names import numpy_names
from .shape import part_of

if TYPE_CHECKING:
    from .tensor import Tensor


class Rearranged(Handle):
    """`repeat`, `flip`, `roll` and their relatives."""

    def repeat(self, *times: Any, repeats: Any = None) -> Tensor:
        """Repeat the whole tensor along each dimension.

        >>> import gradatim
        >>> gradatim.tensor([1, 2]).repeat(2, 2)
        tensor([[1, 2, 1, 2],
                [1, 2, 1, 2]])
        """
        counts = integers("repeat", times, repeats)
        shape = (1,) * (len(counts) - self.ndim) + tuple(self._value.shape)
        if len(counts) < self.ndim:
            raise ShapeError(f"repeat: {list(counts)} needs a count for all {self.ndim} dimensions")
        paired = [n for pair in zip(counts, shape, strict=True) for n in pair]
        spread = self.reshape(*[m for n in shape for m in (1, n)]).expand(*paired)
        return broadcast.copy(spread).reshape(*[a * b for a, b in zip(counts, shape, strict=True)])

    def tile(input, *times: Any, dims: Any = None) -> Tensor:
        """`repeat`; missing leading counts are 1.

        >>> import gradatim
        >>> gradatim.tensor([[1], [2]]).tile(3)
        tensor([[1, 1, 1],
                [2, 2, 2]])
        """
        counts = integers("tile", times, dims)
        return input.repeat(*(1,) * (input.ndim - len(counts)), *counts)

    @numpy_names
    def repeat_interleave(
        input,
        repeats: int | Tensor | None = None,
        dim: int | None = None,
        *,
        output_size: int | None = None,
    ) -> Tensor:
        """Repeat each slice of `dim`, in a row: `repeats` is one number for all, or one for each.

        Without `dim` the tensor is flattened. Without `repeats` the input holds the counts: the
        result has index i `input[i]` times. `output_size`, if given, must be the resulting size.

        Errors: ShapeError unless there is one repeat for each slice, ArgumentError for negative
        repeats or a wrong `output_size`.

        >>> import gradatim
        >>> gradatim.tensor([3, 4]).repeat_interleave(gradatim.tensor([1, 2]))
        tensor([3, 4, 4])
        """
        if repeats is None:
            places = _times_each("repeat_interleave", input, input.numel(), output_size)
            return constant(array=places.astype(input._value.dtype))
        x: Any = input.reshape(-1) if dim is None else input
        dim = sliced_dim("repeat_interleave", dim or 0, x.ndim)
        if isinstance(repeats, Handle):
            places = _times_each("repeat_interleave", repeats, x._value.shape[dim], output_size)
            return take(x, constant(array=places), dim=dim)
        return _times(x, repeats, dim, output_size)

    def flip(input, *along: Any, dims: Any = None) -> Tensor:
        """Reverse the order along `dims`.

        >>> import gradatim
        >>> gradatim.tensor([[1, 2], [3, 4]]).flip(0)
        tensor([[3, 4],
                [1, 2]])
        """
        reversed_dims = different_dims("flip", integers("flip", along, dims), input.ndim)
        return movement.flip(input, dims=reversed_dims if input.ndim else ())

    def fliplr(input) -> Tensor:
        """Columns in the opposite order."""
        _at_least("fliplr", input, 2)
        return input.flip(1)

    def flipud(input) -> Tensor:
        """Rows in the opposite order."""
        _at_least("flipud", input, 1)
        return input.flip(0)

    def rot90(input, k: int = 1, dims: tuple[int, int] = (0, 1)) -> Tensor:
        """Turned k times by 90 degrees, from the first of two dimensions towards the second.

        >>> import gradatim
        >>> gradatim.tensor([[1, 2], [3, 4]]).rot90()
        tensor([[2, 4],
                [1, 3]])
        """
        x: Any = input
        a, b = (one_dim("rot90", d, x.ndim) for d in dims)
        if a == b:
            raise ArgumentError(f"rot90: two different dimensions are needed, got {tuple(dims)}")
        if k % 4 == 0:
            return x.clone()
        if k % 4 == 2:
            return x.flip(a, b)
        return (x.flip(b) if k % 4 == 1 else x.flip(a)).transpose(a, b)

    def roll(input, shifts: int | Sequence[int], dims: int | Sequence[int] | None = None) -> Tensor:
        """Shift elements along `dims`; those that leave at one end come back at the other.

        >>> import gradatim
        >>> gradatim.arange(5).roll(2)
        tensor([3, 4, 0, 1, 2])
        """
        if dims is None:
            return input.flatten().roll(shifts, 0).reshape(*input.shape)
        moves = list(shifts) if isinstance(shifts, Iterable) else [shifts]
        along = list(dims) if isinstance(dims, Iterable) else [dims]
        if len(moves) != len(along):
            raise ArgumentError(
                f"roll: one shift for each dimension, got {len(moves)} shifts and {len(along)} "
                "dimensions"
            )
        out: Any = input
        for shift, d in zip(moves, along, strict=True):
            dim = sliced_dim("roll", d, out.ndim)
            n = out._value.shape[dim]
            if n:
                cut = n - shift % n
                parts = (part_of(out, dim, cut, n), part_of(out, dim, 0, cut))
                out = movement.cat(*parts, dim=dim)
        return out


def _at_least(name: str, x: Any, dims: int) -> None:
    if x.ndim < dims:
        raise ShapeError(f"{name}: needs {dims} dimensions or more, got shape {list(x.shape)}")


def _times(x: Any, repeats: int, dim: int, output_size: int | None) -> Any:
    """Repeat every slice equally often: a copy of an expanded view needs no indices."""
    shape = x._value.shape
    if not isinstance(repeats, SupportsIndex):
        raise TypeError(
            f"repeat_interleave: repeats must be an integer or a tensor of them, got {repeats!r}"
        )
    count = repeats.__index__()
    _check_repeats(count, shape[dim] * count, output_size)
    spread = x.unsqueeze(dim + 1).expand(*shape[: dim + 1], count, *shape[dim + 1 :])
    return broadcast.copy(spread).reshape(*shape[:dim], shape[dim] * count, *shape[dim + 1 :])


def _times_each(name: str, repeats: Any, slices: int, output_size: int | None) -> Any:
    """The index of each slice, repeated as often as its count says: an int64 array."""
    if repeats._value.dtype.kind != "i":
        raise DTypeError(f"{name}: repeats must be int32 or int64, got {repeats.dtype}")
    counts = numbers_of(repeats)
    if counts.ndim > 1 or counts.size not in (1, slices):
        raise ShapeError(
            f"{name}: repeats must be one number, or a vector of one for each of the {slices} "
            f"slices, got shape {list(counts.shape)}"
        )
    counts = np.broadcast_to(counts, (slices,))
    _check_repeats(int(counts.min(initial=0)), int(counts.sum()), output_size)
    return np.repeat(np.arange(slices), counts)


def _check_repeats(least: int, total: int, output_size: int | None) -> None:
    if least < 0:
        raise ArgumentError(f"repeat_interleave: repeats must not be negative, got {least}")
    if output_size not in (None, total):
        raise ArgumentError(
            f"repeat_interleave: output_size is {output_size}, but the result has {total} slices"
        )
