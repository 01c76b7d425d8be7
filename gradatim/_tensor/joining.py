"""Joining tensors: `cat`, `stack` and their relatives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..core.errors import ArgumentError, ShapeError
from ..core.handle import Handle, check_tensor
from ..ops import movement
from .dims import Shape, one_dim
from .numpy_names import numpy_names
from .promotion import result_type, to_dtype

if TYPE_CHECKING:
    from .tensor import Tensor


@numpy_names
def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Concatenate tensors along `dim`; all other sizes must agree.

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
    """Concatenate along dimension 1; vectors and 0-d tensors along dimension 0.

    >>> import gradatim
    >>> gradatim.hstack([gradatim.zeros(2, 1), gradatim.ones(2, 2)])
    tensor([[0., 1., 1.],
            [0., 1., 1.]])
    """
    given = [atleast_1d(x) for x in several("hstack", tensors)]
    return cat(given, 0 if given[0].ndim == 1 else 1)


def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """Concatenate along dimension 0, with vectors as rows.

    >>> import gradatim
    >>> gradatim.vstack([gradatim.zeros(2), gradatim.ones(2)])
    tensor([[0., 0.],
            [1., 1.]])
    """
    return cat([atleast_2d(x) for x in several("vstack", tensors)], 0)


row_stack = vstack


def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """Concatenate along dimension 2, which tensors of fewer dimensions get.

    >>> import gradatim
    >>> gradatim.dstack([gradatim.zeros(2), gradatim.ones(2)])
    tensor([[[0., 1.],
             [0., 1.]]])
    """
    return cat([atleast_3d(x) for x in several("dstack", tensors)], 2)


def atleast_1d(*tensors: Any) -> Any:
    """A 0-d tensor as a vector; several tensors, or a list of them, give a tuple.

    >>> import gradatim
    >>> gradatim.atleast_1d(gradatim.tensor(3.0))
    tensor([3.])
    """
    return _each("atleast_1d", lambda x: x if x.ndim else x.reshape(1), tensors)


def atleast_2d(*tensors: Any) -> Any:
    """A 0-d tensor or a vector (n,) as a matrix of one row, (1, n); several as `atleast_1d`.

    >>> import gradatim
    >>> gradatim.atleast_2d(gradatim.arange(3)).shape
    gradatim.Size([1, 3])
    """
    return _each("atleast_2d", _as_row, tensors)


def atleast_3d(*tensors: Any) -> Any:
    """A vector (n,) as (1, n, 1), a matrix (m, n) as (m, n, 1); several as `atleast_1d`.

    >>> import gradatim
    >>> gradatim.atleast_3d(gradatim.zeros(2, 4)).shape
    gradatim.Size([2, 4, 1])
    """
    return _each("atleast_3d", lambda x: x if x.ndim > 2 else _as_row(x).unsqueeze(-1), tensors)


def _as_row(x: Any) -> Any:
    return x if x.ndim > 1 else x.reshape(1, -1 if x.ndim else 1)


def _each(name: str, change: Callable[[Any], Any], tensors: tuple[Any, ...]) -> Any:
    """Apply `change` to one tensor, or to each of several."""
    given = tensors[0] if len(tensors) == 1 else tensors
    if isinstance(given, list | tuple):
        return tuple(change(x) for x in (several(name, given) if given else ()))
    check_tensor(name, given)
    return change(given)


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
    """Join tensors of equal shape along a new dimension `dim`.

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
    """A sequence of tensors as a list. Errors: TypeError, and ArgumentError if it is empty."""
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
