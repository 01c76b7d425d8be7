"""Matrix and vector products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.errors import DTypeError, ShapeError
from ..core.handle import Handle
from ..ops import matmul as ops
from ..ops.broadcast import numel, reduce_sum, reshape_to
from ..ops.elementwise import mul
from .promotion import broadcast_shape, expanded

if TYPE_CHECKING:
    from .tensor import Tensor


class Products(Handle):
    """`@` and its relatives."""

    def matmul(input, other: Tensor) -> Tensor:
        """The matrix product: (..., n, k) @ (..., k, m) -> (..., n, m); vectors lose their dim."""
        return _matmul(input, other)

    def __matmul__(self, other: Any) -> Tensor:
        return _matmul(self, other) if isinstance(other, Handle) else NotImplemented

    def mm(input, mat2: Tensor) -> Tensor:
        """The product of two matrices."""
        _need("mm", 2, input, mat2)
        return _matmul(input, mat2)

    def bmm(input, mat2: Tensor) -> Tensor:
        """The products of two batches of matrices: (B, n, k), (B, k, m) -> (B, n, m)."""
        _need("bmm", 3, input, mat2)
        return _matmul(input, mat2)

    def mv(input, vec: Tensor) -> Tensor:
        """Matrix times vector."""
        return _matmul(input, vec)

    def dot(input, other: Tensor) -> Tensor:
        """The inner product of two vectors."""
        _need("dot", 1, input, other)
        return _matmul(input, other)

    def outer(input, vec2: Tensor) -> Tensor:
        """All products of an element of one vector and one of the other."""
        _need("outer", 1, input, vec2)
        return input.unsqueeze(1) * vec2.unsqueeze(0)


def _need(name: str, ndim: int, *tensors: Any) -> None:
    for x in tensors:
        if x.ndim != ndim:
            raise ShapeError(f"{name}: expects tensors of {ndim} dimensions, got {list(x.shape)}")


def _matmul(x: Any, y: Any) -> Any:
    a, b = x._value.shape, y._value.shape
    if not a or not b:
        raise ShapeError("matmul: both operands need at least one dimension; use * for numbers")
    if x._value.dtype != y._value.dtype:
        raise DTypeError(
            f"matmul: both operands need one dtype, got {x.dtype} and {y.dtype}; use .to(dtype)"
        )
    inner = b[-2] if len(b) > 1 else b[0]
    if a[-1] != inner:
        raise ShapeError(
            f"matmul: shapes {list(a)} and {list(b)} do not fit: the last dimension of the first "
            f"({a[-1]}) must equal dimension {-2 if len(b) > 1 else 0} of the second ({inner})"
        )
    if len(a) == 2 == len(b):
        return ops.matmul(x, y)
    if len(a) == 1 == len(b):
        return reduce_sum(mul(x, y), dims=(0,), keepdim=False)
    if len(b) <= 2 and len(a) > 2:
        # One flat product instead of a loop over batches.
        flat = _matmul(reshape_to(x, (numel(a[:-1]), a[-1])), y)
        return reshape_to(flat, a[:-1] + b[1:])
    if len(a) == 1:
        out = _matmul(x.unsqueeze(0), y)
        return out.squeeze(-2)
    if len(b) == 1:
        return _matmul(x, y.unsqueeze(1)).squeeze(-1)
    lead = broadcast_shape("matmul", a[:-2], b[:-2])
    return ops.matmul(expanded(x, lead + a[-2:]), expanded(y, lead + b[-2:]))
