"""The largest and smallest elements, and their indices.

Along a dimension `max` picks one element, which gets the whole gradient; for `amax`, and `max` over
all elements, equal extremes share the gradient evenly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..core.errors import DTypeError, GradatimError
from ..core.handle import Handle
from ..ops import reduction as ops
from ..ops.broadcast import numel, reshape_to
from ..ops.extreme import extreme
from ..ops.indexing import gather
from ..ops.running import running_index
from . import return_types
from .bounds import Bounded
from .dims import one_dim, some_dims
from .index_arguments import at_least_1d, flattened
from .numpy_names import numpy_names

if TYPE_CHECKING:
    from .tensor import Tensor

Dim = int | Sequence[int] | None


class EmptyReduction(GradatimError, IndexError, RuntimeError):
    """An extreme of no elements."""


class Extremes(Handle):
    """`max`, `argmax`, `amax`, `cummax` and the same for the smallest."""

    @numpy_names
    def max(
        input,
        dim: int | Tensor | None = None,
        keepdim: bool = False,
        *,
        other: Tensor | None = None,
    ) -> Any:
        """The largest element; along `dim`, values and indices; with a tensor, elementwise.

        >>> import gradatim
        >>> x = gradatim.tensor([[1.0, 5.0], [7.0, 2.0]])
        >>> x.max()
        tensor(7.)
        >>> x.max(dim=1).indices
        tensor([1, 0])
        """
        return _extreme("max", input, dim, keepdim, other)

    @numpy_names
    def min(
        input,
        dim: int | Tensor | None = None,
        keepdim: bool = False,
        *,
        other: Tensor | None = None,
    ) -> Any:
        """The smallest element; along `dim`, values and indices; with a tensor, elementwise."""
        return _extreme("min", input, dim, keepdim, other)

    @numpy_names
    def amax(input, dim: Dim = None, keepdim: bool = False) -> Tensor:
        """The largest element of all, or along one or several dimensions.

        >>> import gradatim
        >>> gradatim.tensor([[1, 5], [7, 3]]).amax(0)
        tensor([7, 5])
        """
        return _value("amax", ops.reduce_max, input, dim, keepdim)

    @numpy_names
    def amin(input, dim: Dim = None, keepdim: bool = False) -> Tensor:
        """The smallest element of all, or along one or several dimensions."""
        return _value("amin", ops.reduce_min, input, dim, keepdim)

    @numpy_names
    def aminmax(input, *, dim: int | None = None, keepdim: bool = False) -> return_types.aminmax:
        """The smallest and the largest element.

        >>> import gradatim
        >>> gradatim.tensor([3, 1, 2]).aminmax()
        gradatim.return_types.aminmax(
        min=tensor(1),
        max=tensor(3))
        """
        low = _value("aminmax", ops.reduce_min, input, dim, keepdim)
        return return_types.aminmax(low, _value("aminmax", ops.reduce_max, input, dim, keepdim))

    @numpy_names
    def argmax(input, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """The index of the largest element, the first of equal ones; flattened without `dim`.

        Errors: EmptyReduction if there are no elements.

        >>> import gradatim
        >>> gradatim.tensor([[1, 5], [7, 3]]).argmax(1)
        tensor([1, 0])
        """
        return _arg("argmax", ops.argmax, input, dim, keepdim)

    @numpy_names
    def argmin(input, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """The index of the smallest element, the first of equal ones; flattened without `dim`."""
        return _arg("argmin", ops.argmin, input, dim, keepdim)

    @numpy_names
    def cummax(input, dim: int) -> return_types.cummax:
        """The largest element up to each position along `dim`, and its index.

        >>> import gradatim
        >>> gradatim.tensor([1, 3, 2]).cummax(0).values
        tensor([1, 3, 3])
        """
        return return_types.cummax(*_running("cummax", input, dim, largest=True))

    @numpy_names
    def cummin(input, dim: int) -> return_types.cummin:
        """The smallest element up to each position along `dim`, and its index."""
        return return_types.cummin(*_running("cummin", input, dim, largest=False))


_PRIMITIVES = {
    "max": (ops.reduce_max, Bounded.maximum, return_types.max),
    "min": (ops.reduce_min, Bounded.minimum, return_types.min),
}


def _extreme(name: str, x: Any, dim: Any, keepdim: bool, other: Any) -> Any:
    reduce, pairwise, answer = _PRIMITIVES[name]
    if isinstance(dim, Handle):
        dim, other = None, dim
    if other is not None:
        return pairwise(x, other)
    if dim is None:
        return _value(name, reduce, x, None, keepdim)
    dim = one_dim(name, dim, x.ndim)
    refuse_empty(name, x, (dim,))
    if x._value.shape:
        return answer(*extreme(x, dim=dim, largest=name == "max", keepdim=keepdim))
    return answer(
        *[reshape_to(y, ()) for y in extreme(flattened(x), dim=0, largest=True, keepdim=False)]
    )


def chosen(x: Any, rows: Any, index: Any, dim: int, keepdim: bool) -> tuple[Any, Any]:
    """One element of each row of `x` (`rows`: at least 1-d) by its index, and that index."""
    shape = index._value.shape
    if not x._value.shape:
        shape = ()
    elif not keepdim:
        shape = (*shape[:dim], *shape[dim + 1 :])
    return reshape_to(gather(rows, index, dim=dim), shape), reshape_to(index, shape)


def _value(name: str, primitive: Any, x: Any, dim: Dim, keepdim: bool) -> Any:
    dims = some_dims(name, dim, x.ndim)
    refuse_empty(name, x, dims)
    return primitive(x, dims=dims, keepdim=keepdim)


def _arg(name: str, primitive: Any, x: Any, dim: int | None, keepdim: bool) -> Any:
    if x._value.dtype.kind == "b":
        raise DTypeError(f"{name}: does not support bool input; use .int() first")
    shape = x._value.shape
    if dim is None:
        refuse_empty(name, x, tuple(range(len(shape))))
        index = primitive(flattened(x), dim=0, keepdim=False)
        return reshape_to(index, (1,) * len(shape)) if keepdim else index
    dim = one_dim(name, dim, len(shape))
    refuse_empty(name, x, (dim,))
    index = primitive(at_least_1d(x), dim=dim, keepdim=keepdim)
    return index if shape else reshape_to(index, ())


def _running(name: str, x: Any, dim: int, *, largest: bool) -> tuple[Any, Any]:
    dim = one_dim(name, dim, x.ndim)
    rows = at_least_1d(x)
    index = running_index(rows, dim=dim, largest=largest)
    values = gather(rows, index, dim=dim)
    return reshape_to(values, x._value.shape), reshape_to(index, x._value.shape)


def refuse_empty(name: str, x: Any, dims: tuple[int, ...]) -> None:
    """Raise EmptyReduction if the reduced dimensions hold no element."""
    shape = x._value.shape
    if shape and not numel(tuple(shape[d] for d in dims)):
        raise EmptyReduction(
            f"{name}: expected the reduced dimensions to have non-zero size, but those of shape "
            f"{list(shape)} hold no element, so there is no largest or smallest one"
        )
