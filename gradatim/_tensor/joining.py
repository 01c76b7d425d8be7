"""Several tensors as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..core.errors import ArgumentError, ShapeError
from ..core.handle import Handle
from ..ops import movement
from .dims import Shape, one_dim
from .numpy_names import numpy_names
from .promotion import result_type, to_dtype

if TYPE_CHECKING:
    from .tensor import Tensor


@numpy_names
def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors one after the other along `dim`; all other sizes must agree.

    (n, C) and (m, C) along dimension 0 are (n + m, C).

    Errors: ShapeError names the first tensor that does not fit, and where.

    >>> import gradatim
    >>> gradatim.cat([gradatim.zeros(1, 2), gradatim.ones(2, 2)])
    tensor([[0., 0.],
            [1., 1.],
            [1., 1.]])
    """
    given = several("cat", tensors)
    parts = [x for x in given if x._value.shape != (0,)] or given[:1]
    first = parts[0]._value.shape
    dim = one_dim("cat", dim, len(first))
    for i, x in enumerate(parts):
        shape = x._value.shape
        rest, expected = shape[:dim] + shape[dim + 1 :], first[:dim] + first[dim + 1 :]
        if len(shape) != len(first) or rest != expected:
            _refuse_to_join(i, shape, first, dim)
    if not first:
        raise ShapeError("cat: 0-d tensors cannot be joined; use stack")
    dtype = result_type(*given)
    return movement.cat(*[to_dtype(x, dtype) for x in parts], dim=dim)


concat = concatenate = cat


def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors side by side: along dimension 1, vectors and numbers along the only one.

    >>> import gradatim
    >>> gradatim.hstack([gradatim.zeros(2, 1), gradatim.ones(2, 2)])
    tensor([[0., 1., 1.],
            [0., 1., 1.]])
    """
    given = [_at_least(1, x) for x in several("hstack", tensors)]
    return cat(given, 0 if given[0].ndim == 1 else 1)


def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors below one another: along dimension 0, vectors as rows.

    >>> import gradatim
    >>> gradatim.vstack([gradatim.zeros(2), gradatim.ones(2)])
    tensor([[0., 0.],
            [1., 1.]])
    """
    return cat([_at_least(2, x) for x in several("vstack", tensors)], 0)


def _at_least(dims: int, x: Any) -> Any:
    """The tensor with dimensions of size 1 before its own, if it has fewer than `dims`."""
    missing = dims - x.ndim
    return x.reshape((1,) * missing + x.shape) if missing > 0 else x


def _refuse_to_join(i: int, shape: Shape, first: Shape, dim: int) -> None:
    pairs = enumerate(zip(shape, first, strict=False))
    wrong = [k for k, (n, m) in pairs if n != m and k != dim]
    differ = (
        f"they have {len(shape)} and {len(first)} dimensions"
        if len(shape) != len(first)
        else f"they differ at dimension {wrong[0]} ({shape[wrong[0]]} against {first[wrong[0]]})"
    )
    raise ShapeError(
        f"cat: tensor {i} of shape {list(shape)} does not fit the first, of shape {list(first)}: "
        f"{differ}; all sizes but that of dimension {dim} must be equal"
    )


@numpy_names
def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors of one shape along a new dimension `dim`.

    k tensors of shape (n, C) along dimension 0 are (k, n, C).

    Errors: ShapeError for shapes that differ.

    >>> import gradatim
    >>> gradatim.stack([gradatim.zeros(2), gradatim.ones(2)])
    tensor([[0., 0.],
            [1., 1.]])
    """
    given = several("stack", tensors)
    first = given[0].shape
    for i, x in enumerate(given):
        if x.shape != first:
            raise ShapeError(
                f"stack: tensor {i} has shape {list(x.shape)}, the first {list(first)}; "
                "they must be equal; use cat to join along a dimension that is there"
            )
    dim = one_dim("stack", dim, len(first) + 1)
    return cat([x.unsqueeze(dim) for x in given], dim)


def several(name: str, tensors: Any) -> list[Any]:
    """The tensors of a list or tuple; TypeError for anything else."""
    if isinstance(tensors, Handle):
        raise TypeError(f"{name}: expects a list or tuple of tensors, got one tensor")
    if not isinstance(tensors, Iterable):
        got = type(tensors).__name__
        raise TypeError(f"{name}: expects a list or tuple of tensors, got {got}")
    given = list(tensors)
    if not given:
        raise ArgumentError(f"{name}: expects at least one tensor")
    for i, x in enumerate(given):
        if not isinstance(x, Handle):
            raise TypeError(f"{name}: element {i} is of type {type(x).__name__}, not a tensor")
    return given
