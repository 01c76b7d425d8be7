"""Grids of points, and distances between points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.errors import ArgumentError, DTypeError, ShapeError
from ..core.handle import check_tensor
from ..ops.distance import distances
from .joining import several
from .promotion import broadcast_shape, expanded, only_floats, result_type, to_dtype

if TYPE_CHECKING:
    from .tensor import Tensor


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """The coordinates of all points of a grid: for each axis a tensor of the grid's shape.

    With `indexing="ij"`, the default, dimension k of the results belongs to the k-th tensor; "xy"
    swaps the first two, as in images. The results are views that share memory.

    Errors: ArgumentError for another `indexing` or no tensors; ShapeError for tensors of more than
    one dimension; DTypeError for different dtypes.

    >>> import gradatim
    >>> x, y = meshgrid(gradatim.arange(2), gradatim.arange(3), indexing="ij")
    >>> x, y
    (tensor([[0, 0, 0],
            [1, 1, 1]]), tensor([[0, 1, 2],
            [0, 1, 2]]))
    """
    listed = len(tensors) == 1 and isinstance(tensors[0], (list, tuple))
    axes = several("meshgrid", tensors[0] if listed else tensors)
    if indexing not in (None, "ij", "xy"):
        raise ArgumentError(f'meshgrid: indexing is "ij" or "xy", got {indexing!r}')
    for i, x in enumerate(axes):
        if x.ndim > 1:
            raise ShapeError(f"meshgrid: tensor {i} has shape {list(x.shape)}; an axis is a vector")
        if x.dtype != axes[0].dtype:
            raise DTypeError(f"meshgrid: tensor {i} is {x.dtype}, the first {axes[0].dtype}")
    grids = grids_of(axes)
    if indexing == "xy" and len(axes) > 1:
        grids = [x.transpose(0, 1) for x in grids]
    return tuple(grids)


def grids_of(axes: list[Any]) -> list[Tensor]:
    """Each axis as a view of the whole grid, in which it varies along its own dimension only."""
    sizes = [x.numel() for x in axes]
    return [
        x.reshape([-1 if k == i else 1 for k in range(len(axes))]).expand(sizes)
        for i, x in enumerate(axes)
    ]


def cdist(x1: Tensor, x2: Tensor, p: float = 2.0) -> Tensor:
    """The distances, by the norm `p`, of all pairs of points of two sets.

    (..., n, D), (..., m, D) -> (..., n, m).

    Errors: ShapeError for points of different dimensions; ArgumentError for a negative `p`.

    >>> import gradatim
    >>> cdist(gradatim.zeros(1, 2), gradatim.tensor([[3.0, 4.0], [0.0, 1.0]]))
    tensor([[5., 1.]])
    """
    for x in (x1, x2):
        check_tensor("cdist", x)
        only_floats("cdist", x)
        if x.ndim < 2:
            raise ShapeError(
                f"cdist: takes rows of points, shape (..., n, D), got shape {list(x.shape)}"
            )
    if x1.shape[-1] != x2.shape[-1]:
        raise ShapeError(
            f"cdist: the points have {x1.shape[-1]} and {x2.shape[-1]} coordinates, in shapes "
            f"{list(x1.shape)} and {list(x2.shape)}; they must have equally many"
        )
    if p < 0:
        raise ArgumentError(f"cdist: p is a norm, 0 or more, got {p}")
    if p != 2:
        return (x1.unsqueeze(-2) - x2.unsqueeze(-3)).norm(p, -1)
    dtype = result_type(x1, x2)
    x, y = to_dtype(x1, dtype), to_dtype(x2, dtype)
    batch = broadcast_shape("cdist", tuple(x1.shape[:-2]), tuple(x2.shape[:-2]))
    return distances(*[expanded(a, (*batch, *a._value.shape[-2:])) for a in (x, y)])
