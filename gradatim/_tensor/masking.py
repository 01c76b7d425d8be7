"""Reading and writing where a mask is true, and the indices of nonzero elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.dtypes import of
from ..core.errors import DTypeError, ShapeError
from ..core.handle import Handle, check_tensor
from ..ops import indexing as ops
from ..ops.broadcast import numel, reshape_to
from ..ops.elementwise import where
from ..ops.movement import slice_
from .index_arguments import as_scalar, at_least_1d, check_same_dtype, flattened
from .inplace import form
from .promotion import broadcast_shape, expanded

if TYPE_CHECKING:
    from .tensor import Tensor

Number = bool | int | float


class Masked(Handle):
    """`masked_fill`, `masked_select`, `nonzero` and their relatives."""

    def masked_fill(input, mask: Tensor, value: Tensor | Number) -> Tensor:
        """`value`, a single number, where `mask` is true, else `input`.

        >>> import gradatim
        >>> x = gradatim.tensor([1.0, -2.0])
        >>> x.masked_fill(x < 0, 0)
        tensor([1., 0.])
        """
        x, chosen = _broadcast("masked_fill", input, mask)
        filled = expanded(as_scalar("masked_fill", input, value), x._value.shape)
        return where(chosen, filled, x)

    def masked_select(input, mask: Tensor) -> Tensor:
        """The elements where `mask` is true, as a vector.

        >>> import gradatim
        >>> x = gradatim.arange(4)
        >>> x.masked_select(x % 2 == 0)
        tensor([0, 2])
        """
        x, chosen = _broadcast("masked_select", input, mask)
        return ops.take(flattened(x), _true_places(chosen), dim=0)

    def masked_scatter(input, mask: Tensor, source: Tensor) -> Tensor:
        """A copy with the first elements of `source`, in order, where `mask` is true."""
        x, chosen = _broadcast("masked_scatter", input, mask)
        places = _true_places(chosen)
        values = flattened(check_same_dtype("masked_scatter", input, source))
        count = places._value.shape[0]
        if values._value.shape[0] < count:
            raise ShapeError(
                f"masked_scatter: the mask is true at {count} places, but source has only "
                f"{values._value.shape[0]} elements"
            )
        values = slice_(values, index=(slice(count),))
        written = ops.put(flattened(x), places, values, dim=0, accumulate=False)
        return reshape_to(written, x._value.shape)

    masked_fill_ = form(masked_fill)
    masked_scatter_ = form(masked_scatter)

    def nonzero(input, *, as_tuple: bool = False) -> Any:
        """The indices of all nonzero elements, one per row: (n, ndim).

        With `as_tuple`, one vector per dimension: `x[x.nonzero(as_tuple=True)]` reads the elements.

        >>> import gradatim
        >>> gradatim.tensor([[0, 5], [6, 0]]).nonzero()
        tensor([[0, 1],
                [1, 0]])
        """
        if not as_tuple:
            return ops.nonzero(input)
        return ops.nonzero(at_least_1d(input)).unbind(1)

    def argwhere(input) -> Tensor:
        """The indices of all nonzero elements, one per row: (n, ndim)."""
        return ops.nonzero(input)


def _broadcast(name: str, x: Any, mask: Any) -> tuple[Any, Any]:
    check_tensor(name, x)
    check_tensor(name, mask, "mask")
    if mask._value.dtype.kind != "b":
        raise DTypeError(
            f"{name}: only supports boolean masks, but got mask with dtype "
            f"{of(mask._value.dtype).name}; use .bool(), or a comparison"
        )
    shape = broadcast_shape(name, x._value.shape, mask._value.shape)
    return expanded(x, shape), expanded(mask, shape)


def _true_places(mask: Any) -> Any:
    indices = ops.nonzero(reshape_to(mask, (numel(mask._value.shape),)))
    return reshape_to(indices, indices._value.shape[:1])
