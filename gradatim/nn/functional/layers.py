"""`linear` and `embedding`: layers with their weights as arguments."""

from __future__ import annotations

from typing import Any

from ..._tensor.comparison import where
from ..._tensor.promotion import to_dtype
from ..._tensor.tensor import Tensor
from ...autograd import no_grad
from ...core.dtypes import int64
from ...core.errors import ArgumentError, DTypeError, ShapeError
from ...core.handle import check_tensor
from ...ops import embedding as table
from ...ops import matmul


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """y = x W^T + b: input (..., n), weight (m, n), bias (m,) -> (..., m).

    A 1-d weight (n,), without a bias, gives one output for each row: (...).

    Errors: ShapeError if the last dimensions of `input` and `weight` differ.

    >>> import gradatim
    >>> linear(gradatim.ones(2, 3), gradatim.ones(4, 3)).shape
    gradatim.Size([2, 4])
    """
    check_tensor("linear", input)
    check_tensor("linear", weight, "weight")
    x: Any = input
    x_shape, w_shape = x._value.shape, weight._value.shape
    if len(w_shape) == 1 and bias is None:
        return linear(input, weight.unsqueeze(0)).squeeze(-1)
    if len(w_shape) != 2 or not x_shape or x_shape[-1] != w_shape[1]:
        raise _misfit(x_shape, w_shape)
    if x._value.dtype != weight._value.dtype:
        raise DTypeError(
            f"linear: input has dtype {x.dtype} and weight {weight.dtype}; use x.to(weight.dtype)"
        )
    if bias is None:
        return matmul.linear(x, weight)
    check_tensor("linear", bias, "bias")
    if bias._value.shape != w_shape[:1]:
        raise ShapeError(
            f"linear: bias has shape {list(bias.shape)}, weight {list(w_shape)}: dimension 0 of "
            f"both must be equal, so bias should have {w_shape[0]} elements"
        )
    return matmul.linear_bias(x, weight, bias)


def _misfit(x: tuple[int, ...], weight: tuple[int, ...]) -> ShapeError:
    if len(weight) != 2 or not x:
        return ShapeError(
            f"linear: expects input (..., n) and weight (m, n), got {list(x)} and {list(weight)}"
        )
    return ShapeError(
        f"linear: input {list(x)} and weight {list(weight)} do not fit: the last dimension of "
        f"input is {x[-1]}, dimension 1 of weight is {weight[1]}; they must be equal"
    )


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """Look up rows of a table: input (...) integers, weight (V, D) -> (..., D).

    Row `padding_idx` gets no gradient. With `max_norm`, a looked-up row whose norm of order
    `norm_type` is larger is first scaled down to it *in `weight`*; this is not differentiated. With
    `scale_grad_by_freq`, the gradient of a row is the mean over its occurrences, not the sum.
    `sparse` is not supported.

    Errors: IndexOutOfRange names the index and the number of rows; TypeError unless
    `norm_type` is a number.

    >>> import gradatim
    >>> embedding(gradatim.tensor([2, 0]), gradatim.tensor([[0.0], [1.0], [2.0]]))
    tensor([[2.],
            [0.]])
    """
    refuse_sparse("embedding", sparse)
    check_tensor("embedding", input)
    check_tensor("embedding", weight, "weight")
    index: Any = input
    if index._value.dtype.kind not in "iu":
        raise DTypeError(f"embedding: indices must be integers, got {index.dtype}; use x.long()")
    if weight.ndim != 2:
        raise ShapeError(f"embedding: weight must be (V, D), got {list(weight.shape)}")
    if padding_idx is not None:
        padding_idx = _row("embedding", padding_idx, weight._value.shape[0])
    index = to_dtype(index, int64.numpy)
    if max_norm is not None:
        _shorten_rows(index, weight, float(max_norm), norm_type)
    return table.embedding(
        weight, index, padding_idx=padding_idx, scale_grad_by_freq=bool(scale_grad_by_freq)
    )


def refuse_sparse(name: str, sparse: bool) -> None:
    """Refuse sparse gradients. Errors: ArgumentError if they are asked for."""
    if sparse:
        raise ArgumentError(
            f"{name}: sparse=True is not supported: gradients are dense; leave it out"
        )


def _shorten_rows(index: Tensor, weight: Tensor, max_norm: float, norm_type: Any) -> None:
    """Scale every looked-up row of the table down to `max_norm`, in place."""
    if norm_type is None or isinstance(norm_type, str):
        raise TypeError(f"embedding: norm_type must be a number, got {norm_type!r}")
    with no_grad():
        table = weight.detach()
        rows = embedding(index, table)  # raises for indices out of range before anything is written
        if not index.numel():
            return
        length = rows.norm(norm_type, -1, keepdim=True).double()
        shortened = rows * (max_norm / (length + 1e-7)).to(rows.dtype)
        table[index] = where(length > max_norm, shortened, rows)


def _row(name: str, index: int, rows: int) -> int:
    if not -rows <= index < rows:
        raise ArgumentError(f"{name}: padding_idx {index} must be within the table's {rows} rows")
    return index % rows
