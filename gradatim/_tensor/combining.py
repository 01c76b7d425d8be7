"""Several tensors as one: products by dimensions, blocks, combinations, broadcasting."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..core.errors import ArgumentError, ShapeError
from ..core.handle import Handle, check_tensor
from . import linear_algebra
from .creation import tensor
from .dims import Size, some_dims
from .joining import atleast_2d, cat, several, stack
from .points import grids_of
from .promotion import broadcast_shape, expanded

if TYPE_CHECKING:
    from .tensor import Tensor


def broadcast_shapes(*shapes: Any) -> Size:
    """The shape that tensors of these shapes have together.

    >>> broadcast_shapes((2, 1), (3,))
    gradatim.Size([2, 3])
    """
    tuples = [(shape,) if isinstance(shape, int) else tuple(shape) for shape in shapes]
    return Size(broadcast_shape("broadcast_shapes", *tuples))


def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """The tensors as views of one shape."""
    for x in tensors:
        check_tensor("broadcast_tensors", x, "tensors")
    shape = broadcast_shape("broadcast_tensors", *[tuple(x.shape) for x in tensors])
    return tuple(expanded(x, shape) for x in tensors)


def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Vectors as the columns of a matrix; matrices side by side."""
    return cat([x.reshape(-1, 1) if x.ndim < 2 else x for x in several("column_stack", tensors)], 1)


def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """The products of all elements, added up over `dims`: the last of `a` with the first of `b`.

    Or over two lists of dimensions, the first of `a`, the second of `b`.

    >>> import gradatim
    >>> tensordot(gradatim.ones(2, 3), gradatim.ones(3, 4), dims=1).shape
    gradatim.Size([2, 4])
    """
    check_tensor("tensordot", a, "a")
    check_tensor("tensordot", b, "b")
    if isinstance(dims, int):
        dims = list(range(a.ndim - dims, a.ndim)), list(range(dims))
    ours, theirs = ([d % x.ndim for d in side] for side, x in zip(dims, (a, b), strict=True))
    if [a.shape[d] for d in ours] != [b.shape[d] for d in theirs]:
        raise ShapeError(
            f"tensordot: dimensions {ours} of {list(a.shape)} and {theirs} of {list(b.shape)} must "
            "have equal sizes"
        )
    left = [d for d in range(a.ndim) if d not in ours]
    right = [d for d in range(b.ndim) if d not in theirs]
    n = math.prod(a.shape[d] for d in ours)
    shape = [a.shape[d] for d in left] + [b.shape[d] for d in right]
    rows = a.permute(*left, *ours).reshape(math.prod(a.shape[d] for d in left), n)
    columns = b.permute(*theirs, *right).reshape(n, math.prod(b.shape[d] for d in right))
    return (rows @ columns).reshape(shape)


def inner(input: Tensor, other: Tensor) -> Tensor:
    """The products along the last dimensions, added up: of vectors, `dot`."""
    check_tensor("inner", input)
    check_tensor("inner", other, "other")
    if not input.ndim or not other.ndim:
        return input * other
    return tensordot(input, other, dims=([-1], [-1]))


def kron(input: Tensor, other: Tensor) -> Tensor:
    """A copy of `other` for each element of `input`, times it.

    >>> import gradatim
    >>> kron(gradatim.eye(2), gradatim.tensor([[1.0, 2.0]]))
    tensor([[1., 2., 0., 0.],
            [0., 0., 1., 2.]])
    """
    check_tensor("kron", input)
    check_tensor("kron", other, "other")
    dims = max(input.ndim, other.ndim)
    x, y = (t.reshape((1,) * (dims - t.ndim) + tuple(t.shape)) for t in (input, other))
    ours = [n for size in x.shape for n in (size, 1)]
    theirs = [n for size in y.shape for n in (1, size)]
    sizes = [m * n for m, n in zip(x.shape, y.shape, strict=True)]
    return (x.reshape(ours) * y.reshape(theirs)).reshape(sizes)


def block_diag(*tensors: Tensor) -> Tensor:
    """Matrices along a diagonal, zeros elsewhere.

    >>> import gradatim
    >>> block_diag(gradatim.ones(1, 2), gradatim.ones(1, 1))
    tensor([[1., 1., 0.],
            [0., 0., 1.]])
    """
    blocks: Any = [atleast_2d(x) for x in several("block_diag", tensors)]
    width = sum(x.shape[1] for x in blocks)
    rows, start = [], 0
    for x in blocks:
        n, m = x.shape
        rows.append(cat([x.new_zeros(n, start), x, x.new_zeros(n, width - start - m)], 1))
        start += m
    return cat(rows, 0)


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All tuples with an element of each vector, as rows."""
    xs: Any = several("cartesian_prod", tensors)
    if len(xs) == 1:
        return xs[0]
    return stack(grids_of(xs), -1).reshape(-1, len(xs))


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All choices of r elements of a vector, as rows, in the order of their places."""
    check_tensor("combinations", input)
    if input.ndim != 1:
        raise ShapeError(f"combinations: takes a vector, got shape {list(input.shape)}")
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = list(choose(range(len(input)), r))
    if not rows or not r:
        return input.new_zeros(0, r)
    return input[tensor(rows)]


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """The powers of a vector's elements as columns, from the highest: x^(N-1), ..., x, 1.

    >>> import gradatim
    >>> vander(gradatim.tensor([2, 3]), 3)
    tensor([[4, 2, 1],
            [9, 3, 1]])
    """
    check_tensor("vander", x, "x")
    if x.ndim != 1:
        raise ShapeError(f"vander: takes a vector, got shape {list(x.shape)}")
    n = len(x) if N is None else N
    if n < 0:
        raise ArgumentError(f"vander: N must be 0 or more, got {n}")
    powers = range(n) if increasing else range(n - 1, -1, -1)
    return stack([x**k for k in powers], 1) if n else x.new_zeros(len(x), 0)


def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """`linalg.cross` along `dim`, or along the first dimension of size 3.

    Errors: ShapeError if there is no such dimension.
    """
    check_tensor("cross", input, "input")
    if dim is None:
        if 3 not in input.shape:
            raise ShapeError(f"cross: no dimension has size 3, the shape is {list(input.shape)}")
        dim = input.shape.index(3)
    return linear_algebra.cross(input, other, dim=dim)


def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: float = 1, dim: int = -1) -> Tensor:
    """The area under a curve of straight pieces, along `dim`; `x` are its places, or `dx` apart."""
    check_tensor("trapezoid", y, "y")
    size = max(y.shape[dim] - 1, 0)
    middle: Any = (y.narrow(dim, 0, size) + y.narrow(dim, y.shape[dim] - size, size)) / 2
    if x is None:
        return middle.sum(dim) * dx
    width: Any = x.diff(dim=dim if x.ndim > 1 else -1)
    if x.ndim == 1 and y.ndim > 1:
        width = width.reshape([-1 if d == dim % y.ndim else 1 for d in range(y.ndim)])
    return (middle * width).sum(dim)


trapz = trapezoid


def gradient(
    input: Tensor,
    *,
    spacing: Any = 1,
    dim: int | Sequence[int] | None = None,
    edge_order: int = 1,
) -> list[Tensor]:
    """The slopes along each dimension (or those of `dim`), from the neighbours of each element.

    `spacing` is the distance of neighbours, or a list with a number or a vector of places for each
    dimension. At the edges a slope comes from two elements, or from three if `edge_order` is 2.

    Errors: ArgumentError for another `edge_order`, a list of another length, or too few elements.

    >>> import gradatim
    >>> gradient(gradatim.tensor([0.0, 1.0, 4.0, 9.0]))
    [tensor([1., 2., 4., 5.])]
    """
    check_tensor("gradient", input)
    if edge_order not in (1, 2):
        raise ArgumentError(f"gradient: edge_order must be 1 or 2, got {edge_order}")
    dims = some_dims("gradient", dim, input.ndim)
    several = isinstance(spacing, (list, tuple))
    widths = list(spacing) if several else [spacing] * len(dims)
    if len(widths) != len(dims):
        raise ArgumentError(f"gradient: {len(widths)} spacings for {len(dims)} dimensions")
    return [_slopes(input, d, w, edge_order) for d, w in zip(dims, widths, strict=True)]


def _slopes(y: Any, dim: int, spacing: Any, edge_order: int) -> Any:
    y = y.movedim(dim, -1)
    n = y.shape[-1]
    if n < edge_order + 1:
        raise ArgumentError(
            f"gradient: dimension {dim} has {n} elements, it needs {edge_order + 1} or more"
        )
    if isinstance(spacing, Handle) and spacing.ndim:
        if spacing.shape != (n,):
            raise ArgumentError(
                f"gradient: places of shape {list(spacing.shape)} for a dimension of size {n}"
            )
        h: Any = spacing.diff()
    else:
        h = y.new_ones(n - 1) * spacing
    slope = y.diff(dim=-1) / h
    a, b = h[:-1], h[1:]
    inner = (slope[..., :-1] * b + slope[..., 1:] * a) / (a + b)
    first, last = slope[..., :1], slope[..., -1:]
    if edge_order == 2:
        bend = (slope[..., 1:] - slope[..., :-1]) / (a + b)
        first = first - bend[..., :1] * h[:1]
        last = last + bend[..., -1:] * h[-1:]
    return cat([first, inner, last], -1).movedim(-1, dim)
