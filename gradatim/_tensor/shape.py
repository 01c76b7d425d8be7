"""The shape of a tensor, and views that change it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, SupportsIndex

from ..core import dtypes
from ..core.arguments import whole_number
from ..core.errors import ArgumentError, IndexOutOfRange, ShapeError
from ..core.handle import Handle
from ..ops import broadcast, movement
from .dims import Size, different_dims, fill_in, integers, one_dim, sliced_dim
from .memory_format import asks_for_order, contiguous_format
from .numpy_names import numpy_names
from .reinterpreting import reinterpreted

if TYPE_CHECKING:
    from .tensor import Tensor


class Shaped(Handle):
    """`shape`, and views of other shapes."""

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

    def view(self, *sizes: Any, size: Any = None, dtype: Any = None) -> Tensor:
        """The same memory in another shape.

        With a dtype in place of a shape, the same bytes as numbers of that dtype. If these are of
        another size, the last dimension changes. Like `detach()`, the result has no history.

        Errors: ShapeError for a different number of elements, or if only a copy could have the
        shape; or if the last dimension does not hold whole numbers of the dtype.

        >>> import gradatim
        >>> gradatim.arange(6).view(2, -1)
        tensor([[0, 1, 2],
                [3, 4, 5]])
        >>> gradatim.tensor([1.0, -2.0]).view(gradatim.int32)
        tensor([ 1065353216, -1073741824], dtype=gradatim.int32)
        """
        wanted = [n for n in sizes if type(n) in (dtypes.dtype, type)]
        if dtype is not None:
            wanted.append(dtype)
        if wanted:
            if len(wanted) > 1 or size is not None or len(sizes) + (dtype is not None) > 1:
                raise TypeError("view: give a shape or a dtype, not both")
            return reinterpreted(self, wanted[0])
        target = fill_in("view", integers("view", sizes, size), self._value.shape)
        if not broadcast.can_view(self._value, target):
            raise ShapeError(
                f"view: a tensor of shape {list(self.shape)} with these strides has no view of "
                f"shape {list(target)}; use .reshape(...), which copies where it must"
            )
        return broadcast.reshape(self, shape=target)

    def view_as(self, other: Tensor) -> Tensor:
        """A view with the shape of `other`."""
        return self.view(*other.shape)

    def reshape(input, *sizes: Any, shape: Any = None) -> Tensor:
        """The same elements in another shape: a view if the layout allows one, else a copy.

        Errors: ShapeError for a different number of elements.

        >>> import gradatim
        >>> gradatim.tensor([[1, 2], [3, 4]]).T.reshape(4)
        tensor([1, 3, 2, 4])
        """
        target = fill_in("reshape", integers("reshape", sizes, shape), input._value.shape)
        if broadcast.can_view(input._value, target):
            return broadcast.reshape(input, shape=target)
        return broadcast.reshape(broadcast.copy(input), shape=target)

    def ravel(input) -> Tensor:
        """All elements in one dimension; a view where that is possible."""
        return input.reshape(-1)

    def flatten(input, start_dim: int = 0, end_dim: int = -1) -> Tensor:
        """Merge dimensions `start_dim` to `end_dim`.

        (2, 3, 4) with dimensions 1 to 2 merged is (2, 12).

        >>> import gradatim
        >>> gradatim.zeros(2, 3, 4).flatten(1).shape
        gradatim.Size([2, 12])
        """
        first = one_dim("flatten", start_dim, input.ndim)
        last = one_dim("flatten", end_dim, input.ndim)
        if not input.ndim:
            return input.reshape(1)
        if first > last:
            raise ArgumentError(f"flatten: start_dim {start_dim} comes after end_dim {end_dim}")
        shape = input._value.shape
        middle = broadcast.numel(shape[first : last + 1])
        return input.reshape(*shape[:first], middle, *shape[last + 1 :])

    @numpy_names
    def unflatten(input, dim: int, sizes: Sequence[int]) -> Tensor:
        """Split one dimension into several; one of `sizes` may be -1.

        >>> import gradatim
        >>> gradatim.zeros(2, 12).unflatten(1, (3, -1)).shape
        gradatim.Size([2, 3, 4])
        """
        dim = sliced_dim("unflatten", dim, input.ndim)
        shape = input._value.shape
        if not sizes:
            raise ShapeError("unflatten: the sizes are empty; give one at least")
        inner = fill_in("unflatten", tuple(sizes), shape[dim : dim + 1])
        return input.reshape(*shape[:dim], *inner, *shape[dim + 1 :])

    @numpy_names
    def reshape_as(self, other: Tensor) -> Tensor:
        """In the shape of another tensor."""
        return self.reshape(other.shape)

    def unsqueeze(input, dim: int) -> Tensor:
        """Insert a dimension of size 1 before `dim`.

        (3, 4) before dimension 1 is (3, 1, 4), before -1 it is (3, 4, 1).

        >>> import gradatim
        >>> gradatim.zeros(3, 4).unsqueeze(1).shape
        gradatim.Size([3, 1, 4])
        """
        dim = one_dim("unsqueeze", dim, input.ndim + 1)
        shape = input._value.shape
        return broadcast.reshape(input, shape=(*shape[:dim], 1, *shape[dim:]))

    @numpy_names
    def squeeze(input, dim: int | Sequence[int] | None = None) -> Tensor:
        """Drop the dimensions of size 1, or only `dim`, if its size is 1.

        >>> import gradatim
        >>> gradatim.zeros(3, 1, 4, 1).squeeze(1).shape
        gradatim.Size([3, 4, 1])
        """
        shape = input._value.shape
        if dim is None:
            drop = set(range(len(shape)))
        else:
            drop = set(different_dims("squeeze", dim, len(shape)))
        remaining = tuple(n for i, n in enumerate(shape) if n != 1 or i not in drop)
        return broadcast.reshape(input, shape=remaining)

    def permute(input, *order: Any, dims: Any = None) -> Tensor:
        """Reorder the dimensions.

        Dimension i of the result is dimension `dims[i]` of the input.

        Errors: ArgumentError unless each dimension is named once.

        >>> import gradatim
        >>> gradatim.zeros(2, 3, 5).permute(2, 0, 1).shape
        gradatim.Size([5, 2, 3])
        """
        given = integers("permute", order, dims)
        places = tuple(one_dim("permute", d, input.ndim) for d in given)
        if sorted(places) != list(range(input.ndim)):
            raise ArgumentError(
                f"permute: {list(given)} must name each of the {input.ndim} dimensions once"
            )
        return movement.permute(input, order=places)

    def transpose(input, dim0: int, dim1: int) -> Tensor:
        """Exchange two dimensions.

        >>> import gradatim
        >>> gradatim.zeros(2, 3, 5).transpose(0, -1).shape
        gradatim.Size([5, 3, 2])
        """
        n = input.ndim
        a, b = one_dim("transpose", dim0, n), one_dim("transpose", dim1, n)
        order = list(range(n))
        if n:
            order[a], order[b] = b, a
        return movement.permute(input, order=tuple(order))

    swapdims = transpose

    def swapaxes(input, axis0: int, axis1: int) -> Tensor:
        """NumPy's name for `transpose`."""
        return input.transpose(axis0, axis1)

    def movedim(input, source: Any, destination: Any) -> Tensor:
        """Move dimensions from positions `source` to `destination`.

        >>> import gradatim
        >>> gradatim.zeros(2, 3, 5).movedim(0, -1).shape
        gradatim.Size([3, 5, 2])
        """
        n = input.ndim
        sources = different_dims("movedim", source, n)
        targets = different_dims("movedim", destination, n)
        if len(sources) != len(targets):
            raise ArgumentError(
                f"movedim: source and destination must be equally many, got {source} and "
                f"{destination}"
            )
        moves = dict(zip(targets, sources, strict=True))
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
        """The tensor with its dimensions in reverse order."""
        return movement.permute(self, order=tuple(reversed(range(self.ndim))))

    @property
    def mT(self) -> Tensor:
        """The tensor with its last two dimensions exchanged."""
        return movement.swap_last(self)

    def expand(input, *sizes: Any, size: Any = None) -> Tensor:
        """A view with dimensions of size 1 repeated; -1 keeps a size.

        New dimensions come first. The view needs no memory, and cannot be written to.

        Errors: ShapeError if a size other than 1 would have to change.

        >>> import gradatim
        >>> gradatim.tensor([[1], [2]]).expand(2, 3)
        tensor([[1, 1, 1],
                [2, 2, 2]])
        """
        target = list(integers("expand", sizes, size))
        old = input._value.shape
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
        return broadcast.broadcast_to(input, shape=tuple(target))

    def expand_as(self, other: Tensor) -> Tensor:
        """A view with the shape of `other`."""
        return self.expand(*other.shape)

    broadcast_to = expand

    @numpy_names
    def narrow(input, dim: int, start: int, length: int) -> Tensor:
        """`length` slices of `dim` from `start` on.

        Errors: IndexOutOfRange unless all of them exist.

        >>> import gradatim
        >>> gradatim.arange(6).narrow(0, 2, 3)
        tensor([2, 3, 4])
        """
        dim = sliced_dim("narrow", dim, input.ndim)
        n = input._value.shape[dim]
        first = start + n if start < 0 else start
        if not 0 <= first <= first + length <= n:
            raise IndexOutOfRange(
                f"narrow: {length} slices from {start} on are not in dimension {dim}, which has {n}"
            )
        return part_of(input, dim, first, first + length)

    @numpy_names
    def select(input, dim: int, index: int) -> Tensor:
        """One slice of `dim`, without that dimension.

        `x.select(1, 0)` is `x[:, 0]`.

        Errors: IndexOutOfRange for an index out of range.

        >>> import gradatim
        >>> gradatim.tensor([[1, 2], [3, 4]]).select(1, 0)
        tensor([1, 3])
        """
        dim = sliced_dim("select", dim, input.ndim)
        n = input._value.shape[dim]
        if not -n <= index < n:
            raise IndexOutOfRange(
                f"index {index} is out of bounds for dimension {dim} with size {n}"
            )
        return movement.slice_(input, index=(slice(None),) * dim + (index,))

    @numpy_names
    def split(self, split_size: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
        """Views of consecutive parts: of one size (the last may be smaller), or of listed sizes.

        Errors: ArgumentError for sizes that do not add up to that of `dim`.

        >>> import gradatim
        >>> gradatim.arange(5).split([2, 3])
        (tensor([0, 1]), tensor([2, 3, 4]))
        """
        dim = sliced_dim("split", dim, self.ndim)
        n = self._value.shape[dim]
        if isinstance(split_size, SupportsIndex):
            size = split_size.__index__()
            if size <= 0:
                raise ArgumentError(f"split: the size must be positive, got {size}")
            stops = [min(i + size, n) for i in range(0, max(n, 1), size)]
        else:
            counts = integers("split", (split_size,))
            if min(counts, default=-1) < 0 or sum(counts) != n:
                raise ArgumentError(
                    f"split: sizes {list(counts)} must add up to {n}, the size of dimension {dim}, "
                    "and none be negative"
                )
            stops = [*accumulate(counts)]
        starts = [0, *stops[:-1]]
        return tuple(part_of(self, dim, a, b) for a, b in zip(starts, stops, strict=True))

    @numpy_names
    def chunk(input, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
        """Equal views, `chunks` at most; the last may be smaller. If `dim` is empty, all `chunks`.

        >>> import gradatim
        >>> gradatim.arange(5).chunk(3)
        (tensor([0, 1]), tensor([2, 3]), tensor([4]))
        """
        chunks = whole_number("chunk: the number of chunks", chunks)
        if chunks <= 0:
            raise ArgumentError(f"chunk: the number of chunks must be positive, got {chunks}")
        size = -(-input._value.shape[sliced_dim("chunk", dim, input.ndim)] // chunks)
        return input.split(size or [0] * chunks, dim)

    @numpy_names
    def unbind(input, dim: int = 0) -> tuple[Tensor, ...]:
        """All slices of one dimension.

        >>> import gradatim
        >>> gradatim.tensor([[1, 2], [3, 4]]).unbind(1)
        (tensor([1, 3]), tensor([2, 4]))
        """
        dim = sliced_dim("unbind", dim, input.ndim)
        return tuple(input.select(dim, i) for i in range(input._value.shape[dim]))

    # -- copies ----------------------------------------------------------------------------

    def contiguous(self, *, memory_format: Any = contiguous_format) -> Tensor:
        """The tensor itself if it is contiguous, else a contiguous copy."""
        if not asks_for_order("contiguous", memory_format):
            raise ArgumentError(
                f"contiguous: memory_format={memory_format}: the only memory format that can be "
                "requested is contiguous_format, the default; leave it out"
            )
        flags = getattr(self._value, "flags", None)
        return self if flags is None or flags.c_contiguous else broadcast.copy(self)  # type: ignore[return-value]

    def is_contiguous(self, *, memory_format: Any = contiguous_format) -> bool:
        """Whether the elements are contiguous in memory, in C order."""
        asks_for_order("is_contiguous", memory_format)
        flags = getattr(self._value, "flags", None)
        return flags is None or bool(flags.c_contiguous)

    def stride(self, dim: int | None = None) -> Any:
        """The strides in elements."""
        steps = tuple(s // self._value.itemsize for s in self._value.strides)
        return steps if dim is None else steps[one_dim("stride", dim, self.ndim)]


def part_of(x: Any, dim: int, start: int, stop: int) -> Any:
    """A view of the slices `start` to `stop` of a dimension."""
    return movement.slice_(x, index=(slice(None),) * dim + (slice(start, stop),))
