"""Windows that slide over a dimension, and parts of given borders.

Windows may overlap, which no view of the engine can express: they are copies, with gradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from ..core.handle import Handle
from ..core.numbers import numbers_of
from ..ops.broadcast import numel, reshape_to
from ..ops.creation import constant
from ..ops.indexing import take
from .dims import integers, one_dim, sliced_dim


class Windowed(Handle):
    """`unfold`, `as_strided`, `tensor_split` and their relatives."""

    def unfold(self, dimension: int, size: int, step: int) -> Any:
        """All windows of `size` elements along a dimension, every `step`; they are a copy.

        The dimension then counts the windows, and a new last one their elements.

        Errors: ArgumentError for a size that does not fit, or a step below 1.

        >>> import gradatim
        >>> gradatim.arange(7).unfold(0, 3, 2)
        tensor([[0, 1, 2],
                [2, 3, 4],
                [4, 5, 6]])
        """
        shape = self._value.shape
        dim = one_dim("unfold", dimension, len(shape))
        n = shape[dim] if shape else 1
        if not 0 <= size <= n:
            raise ArgumentError(
                f"unfold: maximum size for tensor at dimension {dim} is {n} but size is {size}"
            )
        if step < 1:
            raise ArgumentError(f"unfold: step is {step} but must be > 0")
        starts = np.arange(0, n - size + 1, step)
        places = starts[:, None] + np.arange(size)
        if not shape:
            return reshape_to(self, (1,))[:size]  # one window, of the number or empty
        windows = take(self, constant(array=places), dim=dim)
        return windows.movedim(dim + 1, -1)

    def as_strided(
        input, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
    ) -> Any:
        """The elements at these strides in the memory of a contiguous tensor; they are a copy.

        Errors: ArgumentError for a tensor that is not contiguous, or elements outside of it.

        >>> import gradatim
        >>> gradatim.arange(4).as_strided((3, 2), (1, 1))
        tensor([[0, 1],
                [1, 2],
                [2, 3]])
        """
        size, stride = integers("as_strided", (size,)), integers("as_strided", (stride,))
        if len(size) != len(stride):
            raise ArgumentError(f"as_strided: {len(size)} sizes, but {len(stride)} strides")
        if min((*size, *stride, storage_offset or 0), default=0) < 0:
            raise ArgumentError("as_strided: sizes, strides and the offset must not be negative")
        if not input.is_contiguous():
            raise ArgumentError("as_strided: the tensor is not contiguous; call contiguous() first")
        places = np.full(size, storage_offset or 0)
        for d, (n, step) in enumerate(zip(size, stride, strict=True)):
            places += (np.arange(n) * step).reshape(-1, *(1,) * (len(size) - d - 1))
        count = numel(input._value.shape)
        if places.size and places.max() >= count:
            raise ArgumentError(
                f"as_strided: size {list(size)} with strides {list(stride)} reaches element "
                f"{places.max()} of a tensor that has {count}"
            )
        return take(reshape_to(input, (count,)), constant(array=places), dim=0)

    def tensor_split(input, indices_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:
        """Views of consecutive parts: so many (the first ones may be larger), or at these borders.

        >>> import gradatim
        >>> gradatim.arange(5).tensor_split(2)
        (tensor([0, 1, 2]), tensor([3, 4]))
        >>> gradatim.arange(5).tensor_split((1, 3))
        (tensor([0]), tensor([1, 2]), tensor([3, 4]))
        """
        dim = sliced_dim("tensor_split", dim, input.ndim)
        n = input._value.shape[dim]
        given: Any = indices_or_sections
        if isinstance(given, Handle):
            given = numbers_of(given).tolist()
        if isinstance(given, int):
            if given < 1:
                raise ArgumentError(f"tensor_split: number of sections must be > 0, got {given}")
            large, rest = divmod(n, given)
            return input.split([large + (i < rest) for i in range(given)], dim)
        borders = [0, *(_border(i, n) for i in integers("tensor_split", (given,))), n]
        return tuple(input.narrow(dim, a, max(b - a, 0)) for a, b in pairwise(borders))

    def hsplit(input, indices_or_sections: Any) -> tuple[Any, ...]:
        """Parts of the columns: of dimension 1, or of a vector's only one.

        Errors: ArgumentError for a number of parts that does not divide the dimension.
        """
        return _equal("hsplit", input, indices_or_sections, 0 if input.ndim == 1 else 1, 1)

    def vsplit(input, indices_or_sections: Any) -> tuple[Any, ...]:
        """Parts of the rows: of dimension 0, for tensors of two dimensions or more."""
        return _equal("vsplit", input, indices_or_sections, 0, 2)

    def dsplit(input, indices_or_sections: Any) -> tuple[Any, ...]:
        """Parts of dimension 2, for tensors of three dimensions or more."""
        return _equal("dsplit", input, indices_or_sections, 2, 3)


def _border(i: int, n: int) -> int:
    return min(max(i + n if i < 0 else i, 0), n)


def _equal(name: str, x: Any, given: Any, dim: int, least: int) -> tuple[Any, ...]:
    if x.ndim < least:
        raise ArgumentError(
            f"{name}: requires a tensor with at least {least} dimension{'s' * (least > 1)}, but "
            f"got a tensor with {x.ndim} dimensions"
        )
    if isinstance(given, int) and (given < 1 or x._value.shape[dim] % given):
        raise ArgumentError(
            f"{name}: {given} parts of dimension {dim}, of size {x._value.shape[dim]}, would not "
            "be equal; see tensor_split"
        )
    parts: tuple[Any, ...] = x.tensor_split(given, dim)
    return parts
