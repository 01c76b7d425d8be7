"""The shape of a tensor, and other ways to see the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..core.errors import ArgumentError, IndexOutOfRange, ShapeError
from ..core.handle import Handle
from ..ops import broadcast, movement
from .dims import Size, fill_in, one_dim, sizes
from .numpy_names import numpy_names

if TYPE_CHECKING:
    from .tensor import Tensor


class Shaped(Handle):
    """`shape`, views of it, and copies in another order."""

    @property
    def shape(self) -> Size:
        """The size of each dimension."""
        return Size(self._value.shape)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self._value.shape)

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dimension."""
        if dim is None:
            return Size(self._value.shape)
        return self._value.shape[one_dim("size", dim, self.ndim)]

    def dim(self) -> int:
        """The number of dimensions."""
        return len(self._value.shape)

    ndimension = dim

    def numel(input) -> int:
        """The number of elements."""
        return broadcast.numel(input._value.shape)

    nelement = numel

    def __len__(self) -> int:
        if not self._value.shape:
            raise TypeError("len() of a 0-d tensor; use .item() for its number")
        return int(self._value.shape[0])

    # -- views: the same memory ------------------------------------------------------------

    def view(self, *shape: Any) -> Tensor:
        """The same memory under another shape; raises where only a copy could have it."""
        target = fill_in("view", sizes("view", shape), self._value.shape)
        if not broadcast.can_view(self._value, target):
            raise ShapeError(
                f"view: a tensor of shape {list(self.shape)} with these strides has no view of "
                f"shape {list(target)}; use .reshape(...), which copies where it must"
            )
        return broadcast.reshape(self, shape=target)

    def view_as(self, other: Tensor) -> Tensor:
        """A view with the shape of `other`."""
        return self.view(*other.shape)

    def reshape(input, *shape: Any) -> Tensor:
        """The same elements under another shape; a view if the layout allows, else a copy."""
        target = fill_in("reshape", sizes("reshape", shape), input._value.shape)
        if broadcast.can_view(input._value, target):
            return broadcast.reshape(input, shape=target)
        return broadcast.reshape(broadcast.copy(input), shape=target)

    def ravel(input) -> Tensor:
        """All elements in one dimension; a view where that is possible."""
        return input.reshape(-1)

    def flatten(input, start_dim: int = 0, end_dim: int = -1) -> Tensor:
        """Dimensions `start_dim` to `end_dim` as one."""
        if not input.ndim:
            return input.reshape(1)
        first = one_dim("flatten", start_dim, input.ndim)
        last = one_dim("flatten", end_dim, input.ndim)
        if first > last:
            raise ArgumentError(f"flatten: start_dim {start_dim} comes after end_dim {end_dim}")
        shape = input._value.shape
        middle = broadcast.numel(shape[first : last + 1])
        return input.reshape(*shape[:first], middle, *shape[last + 1 :])

    @numpy_names
    def unflatten(input, dim: int, sizes: Sequence[int]) -> Tensor:
        """One dimension as several; one of `sizes` may be -1."""
        dim = one_dim("unflatten", dim, input.ndim)
        shape = input._value.shape
        inner = fill_in("unflatten", tuple(sizes), shape[dim : dim + 1])
        return input.reshape(*shape[:dim], *inner, *shape[dim + 1 :])

    @numpy_names
    def unsqueeze(input, dim: int) -> Tensor:
        """A new dimension of size 1 before `dim`."""
        dim = one_dim("unsqueeze", dim, input.ndim + 1)
        shape = input._value.shape
        return broadcast.reshape(input, shape=(*shape[:dim], 1, *shape[dim:]))

    @numpy_names
    def squeeze(input, dim: int | Sequence[int] | None = None) -> Tensor:
        """Without the dimensions of size 1, or without `dim` if its size is 1."""
        shape = input._value.shape
        if dim is None:
            drop = set(range(len(shape)))
        else:
            given = (dim,) if isinstance(dim, int) else dim
            drop = {one_dim("squeeze", d, len(shape)) for d in given}
        kept = tuple(n for i, n in enumerate(shape) if n != 1 or i not in drop)
        return broadcast.reshape(input, shape=kept)

    def permute(input, *dims: Any) -> Tensor:
        """The dimensions in another order."""
        given = sizes("permute", dims)
        order = tuple(one_dim("permute", d, input.ndim) for d in given)
        if sorted(order) != list(range(input.ndim)):
            raise ArgumentError(
                f"permute: {list(given)} must name each of the {input.ndim} dimensions once"
            )
        return movement.permute(input, order=order)

    def transpose(input, dim0: int, dim1: int) -> Tensor:
        """Two dimensions exchanged."""
        n = input.ndim
        a, b = one_dim("transpose", dim0, n), one_dim("transpose", dim1, n)
        order = list(range(n))
        if n:
            order[a], order[b] = b, a
        return movement.permute(input, order=tuple(order))

    swapaxes = swapdims = transpose

    def movedim(input, source: Any, destination: Any) -> Tensor:
        """Dimensions taken from `source` and put at `destination`."""
        n = input.ndim
        sources = [source] if isinstance(source, int) else list(source)
        targets = [destination] if isinstance(destination, int) else list(destination)
        if len(sources) != len(targets):
            raise ArgumentError("movedim: source and destination must be equally many")
        moves = {
            one_dim("movedim", t, n): one_dim("movedim", s, n)
            for s, t in zip(sources, targets, strict=True)
        }
        rest = iter([i for i in range(n) if i not in set(moves.values())])
        order = tuple(moves[i] if i in moves else next(rest) for i in range(n))
        return movement.permute(input, order=order)

    moveaxis = movedim

    def t(input) -> Tensor:
        """The transpose of a matrix."""
        if input.ndim > 2:
            raise ShapeError(f"t: expects at most 2 dimensions, got shape {list(input.shape)}")
        return movement.permute(input, order=tuple(reversed(range(input.ndim))))

    @property
    def T(self) -> Tensor:
        """All dimensions reversed."""
        return movement.permute(self, order=tuple(reversed(range(self.ndim))))

    @property
    def mT(self) -> Tensor:
        """The last two dimensions exchanged."""
        return movement.swap_last(self)

    def expand(self, *shape: Any) -> Tensor:
        """A view with dimensions of size 1 repeated; -1 keeps a size."""
        target = list(sizes("expand", shape))
        old = self._value.shape
        new = len(target) - len(old)
        if new < 0:
            raise ShapeError(
                f"expand: shape {list(old)} does not expand to {target}: it has {len(old)} "
                f"dimensions, and they cannot become {len(target)}"
            )
        for i, n in enumerate(old):
            if target[new + i] == -1:
                target[new + i] = n
            elif n not in (1, target[new + i]):
                raise ShapeError(
                    f"expand: shape {list(old)} does not expand to {target}: dimension {i} has "
                    f"size {n} against {target[new + i]}, and only size 1 can be repeated"
                )
        if any(n < 0 for n in target):
            raise ShapeError(f"expand: a new dimension cannot be -1 in {target}")
        return broadcast.broadcast_to(self, shape=tuple(target))

    def expand_as(self, other: Tensor) -> Tensor:
        """A view with the shape of `other`."""
        return self.expand(*other.shape)

    broadcast_to = expand

    @numpy_names
    def narrow(input, dim: int, start: int, length: int) -> Tensor:
        """`length` slices of `dim` from `start` on."""
        dim = one_dim("narrow", dim, input.ndim)
        n = input._value.shape[dim]
        if start < 0:
            start += n
        if not (start >= 0 and start + length <= n and length >= 0):
            raise ArgumentError(f"narrow: {start} + {length} exceeds size {n} of dimension {dim}")
        return _part(input, dim, start, start + length)

    @numpy_names
    def select(input, dim: int, index: int) -> Tensor:
        """One slice of `dim`, without that dimension."""
        dim = one_dim("select", dim, input.ndim)
        n = input._value.shape[dim] if input.ndim else 0
        if not -n <= index < n:
            raise IndexOutOfRange(
                f"index {index} is out of bounds for dimension {dim} with size {n}"
            )
        return movement.slice_(input, index=(slice(None),) * dim + (index,))

    @numpy_names
    def split(self, split_size: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
        """Views of consecutive parts: of one size (the last may be smaller), or of each size."""
        dim = one_dim("split", dim, self.ndim)
        n = self._value.shape[dim]
        if isinstance(split_size, int):
            if split_size <= 0:
                raise ArgumentError(f"split: the size must be positive, got {split_size}")
            stops = [min(i + split_size, n) for i in range(0, max(n, 1), split_size)]
        else:
            stops = [sum(split_size[: i + 1]) for i in range(len(split_size))]
            if not stops or stops[-1] != n:
                raise ArgumentError(f"split: sizes {list(split_size)} must add up to {n}")
        starts = [0, *stops[:-1]]
        return tuple(_part(self, dim, a, b) for a, b in zip(starts, stops, strict=True))

    @numpy_names
    def chunk(input, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
        """At most `chunks` views of equal size (the last may be smaller); of size 0 all of them."""
        if chunks <= 0:
            raise ArgumentError(f"chunk: the number of chunks must be positive, got {chunks}")
        size = -(-input._value.shape[one_dim("chunk", dim, input.ndim)] // chunks)
        return input.split(size or [0] * chunks, dim)

    @numpy_names
    def unbind(input, dim: int = 0) -> tuple[Tensor, ...]:
        """All slices of one dimension."""
        dim = one_dim("unbind", dim, input.ndim)
        return tuple(input.select(dim, i) for i in range(input._value.shape[dim]))

    # -- copies ----------------------------------------------------------------------------

    def contiguous(self) -> Tensor:
        """The tensor itself if its memory is in order, else a copy that is."""
        flags = getattr(self._value, "flags", None)
        return self if flags is None or flags.c_contiguous else broadcast.copy(self)  # type: ignore[return-value]

    def is_contiguous(self) -> bool:
        """Whether the memory is in the order of the elements."""
        flags = getattr(self._value, "flags", None)
        return flags is None or bool(flags.c_contiguous)

    def stride(self, dim: int | None = None) -> Any:
        """The steps in memory, in elements."""
        steps = tuple(s // self._value.itemsize for s in self._value.strides)
        return steps if dim is None else steps[one_dim("stride", dim, self.ndim)]

    def repeat(self, *repeats: Any) -> Tensor:
        """Copies of the whole tensor along each dimension."""
        times = sizes("repeat", repeats)
        shape = (1,) * (len(times) - self.ndim) + tuple(self._value.shape)
        if len(times) < self.ndim:
            raise ShapeError(f"repeat: {list(times)} must name all {self.ndim} dimensions")
        paired = [n for pair in zip(times, shape, strict=True) for n in pair]
        spread = self.reshape(*[m for n in shape for m in (1, n)]).expand(*paired)
        return broadcast.copy(spread).reshape(*[a * b for a, b in zip(times, shape, strict=True)])

    def tile(input, *dims: Any) -> Tensor:
        """`repeat`, with dimensions that are not named repeated once."""
        times = sizes("tile", dims)
        return input.repeat(*(1,) * (input.ndim - len(times)), *times)

    @numpy_names
    def repeat_interleave(input, repeats: int, dim: int | None = None) -> Tensor:
        """Each slice `repeats` times in a row."""
        x: Any = input.flatten() if dim is None else input
        dim = one_dim("repeat_interleave", dim or 0, x.ndim)
        shape = x._value.shape
        spread = x.unsqueeze(dim + 1).expand(*shape[: dim + 1], repeats, *shape[dim + 1 :])
        return broadcast.copy(spread).reshape(*shape[:dim], shape[dim] * repeats, *shape[dim + 1 :])

    def flip(input, *dims: Any) -> Tensor:
        """The order reversed along `dims`."""
        found = tuple(one_dim("flip", d, input.ndim) for d in sizes("flip", dims))
        return movement.flip(input, dims=found)

    def roll(input, shifts: int | Sequence[int], dims: int | Sequence[int] | None = None) -> Tensor:
        """Elements moved on by `shifts`, those that fall off coming back at the front."""
        if dims is None:
            return input.flatten().roll(shifts, 0).reshape(*input.shape)
        moves = [shifts] if isinstance(shifts, int) else shifts
        along = [dims] if isinstance(dims, int) else dims
        if len(moves) != len(along):
            raise ArgumentError(
                f"roll: one shift for each dimension, got {len(moves)} shifts and {len(along)} "
                "dimensions"
            )
        out: Any = input
        for shift, d in zip(moves, along, strict=True):
            dim = one_dim("roll", d, out.ndim)
            n = out._value.shape[dim]
            if n:
                cut = n - shift % n
                parts = (_part(out, dim, cut, n), _part(out, dim, 0, cut))
                out = movement.cat(*parts, dim=dim)
        return out


def _part(x: Any, dim: int, start: int, stop: int) -> Any:
    return movement.slice_(x, index=(slice(None),) * dim + (slice(start, stop),))
