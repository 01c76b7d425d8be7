"""New tensors with the shape or dtype of an existing one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.handle import Handle
from .creation import Number, filled, number, tensor
from .memory_format import asks_for_order

if TYPE_CHECKING:
    from .tensor import Tensor


def zeros_like(
    input: Tensor,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Zeros with the shape of `input`, and its dtype unless another is given."""
    return _like("zeros_like", input, 0, dtype, device, requires_grad, memory_format)


def ones_like(
    input: Tensor,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Ones with the shape of `input`, and its dtype unless another is given."""
    return _like("ones_like", input, 1, dtype, device, requires_grad, memory_format)


def empty_like(
    input: Tensor,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """A tensor to be overwritten (it holds zeros), with the shape of `input`."""
    return _like("empty_like", input, 0, dtype, device, requires_grad, memory_format)


def full_like(
    input: Tensor,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """`fill_value` in every element, with the shape and by default the dtype of `input`."""
    value = number("full_like", "fill_value", fill_value)
    return _like("full_like", input, value, dtype, device, requires_grad, memory_format)


def _like(
    name: str,
    x: Any,
    value: Number,
    dtype: Any,
    device: Any,
    requires_grad: bool,
    memory_format: Any,
) -> Any:
    asks_for_order(name, memory_format)  # only checked: the result is always contiguous
    if not isinstance(x, Handle):
        raise TypeError(f"{name}: expects a tensor, got {type(x).__name__}")
    kind = x._value.dtype if dtype is None else dtype
    return filled(name, tuple(x._value.shape), value, kind, device, requires_grad)


class New(Handle):
    """`x.new_zeros(...)` and similar: with the dtype of `x` unless another is given."""

    def new_tensor(
        self, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
    ) -> Tensor:
        """A tensor with a copy of `data`.

        >>> import gradatim
        >>> gradatim.ones(1).new_tensor([1, 2])
        tensor([1., 2.])
        """
        kind = self._value.dtype if dtype is None else dtype
        return tensor(data, dtype=kind, device=device, requires_grad=requires_grad)

    def new_zeros(
        self,
        *sizes: Any,
        size: Any = None,
        dtype: Any = None,
        device: Any = None,
        requires_grad: bool = False,
    ) -> Tensor:
        """Zeros of shape `size`."""
        kind = self._value.dtype if dtype is None else dtype
        return filled("new_zeros", sizes or size, 0, kind, device, requires_grad)

    def new_ones(
        self,
        *sizes: Any,
        size: Any = None,
        dtype: Any = None,
        device: Any = None,
        requires_grad: bool = False,
    ) -> Tensor:
        """Ones of shape `size`."""
        kind = self._value.dtype if dtype is None else dtype
        return filled("new_ones", sizes or size, 1, kind, device, requires_grad)

    def new_empty(
        self,
        *sizes: Any,
        size: Any = None,
        dtype: Any = None,
        device: Any = None,
        requires_grad: bool = False,
    ) -> Tensor:
        """A tensor of shape `size` to be overwritten; it holds zeros."""
        kind = self._value.dtype if dtype is None else dtype
        return filled("new_empty", sizes or size, 0, kind, device, requires_grad)

    def new_full(
        self,
        size: Any,
        fill_value: Any,
        *,
        dtype: Any = None,
        device: Any = None,
        requires_grad: bool = False,
    ) -> Tensor:
        """A tensor of shape `size` with `fill_value` in every element."""
        kind = self._value.dtype if dtype is None else dtype
        value = number("new_full", "fill_value", fill_value)
        return filled("new_full", tuple(size), value, kind, device, requires_grad)
