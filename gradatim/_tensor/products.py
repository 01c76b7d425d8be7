"""Matrix and vector products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.errors import DTypeError, ShapeError
from ..core.handle import Handle, check_tensor
from ..ops import matmul as ops
from ..ops.broadcast import numel, reshape_to
from .promotion import broadcast_shape, expanded

if TYPE_CHECKING:
    from .tensor import Tensor

Number = bool | int | float


class Products(Handle):
    """`@` and its relatives."""

    def matmul(input, other: Tensor) -> Tensor:
        """The matrix product: (..., n, k) @ (..., k, m) -> (..., n, m), or with a vector (k,).

        Errors: ShapeError if k differs or the leading dimensions do not broadcast, DTypeError.

        >>> import gradatim
        >>> x = gradatim.tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> x.matmul(gradatim.tensor([1.0, 10.0]))
        tensor([21., 43.])
        """
        check_tensor("matmul", other, "second operand")
        return _matmul(input, other)

    def __matmul__(self, other: Any) -> Tensor:
        return _matmul(self, other) if isinstance(other, Handle) else NotImplemented

    def mm(input, mat2: Tensor) -> Tensor:
        """The product of two matrices."""
        _need("mm", (2, 2), input, mat2)
        return _matmul(input, mat2, "mm")

    def bmm(input, mat2: Tensor) -> Tensor:
        """The products of two batches of matrices: (B, n, k), (B, k, m) -> (B, n, m).

        >>> import gradatim
        >>> gradatim.ones(5, 2, 3).bmm(gradatim.ones(5, 3, 4)).shape
        gradatim.Size([5, 2, 4])
        """
        _need("bmm", (3, 3), input, mat2)
        if input._value.shape[0] != mat2._value.shape[0]:
            raise ShapeError(
                f"bmm: shapes {[*input._value.shape]} and {[*mat2._value.shape]} do not fit: "
                "dimension 0, the batch, must be equal; use matmul to broadcast it"
            )
        return _matmul(input, mat2, "bmm")

    def addmm(input, mat1: Tensor, mat2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
        """`beta input + alpha (mat1 @ mat2)`; with beta = 0, `input` is ignored, nan included.

        >>> import gradatim
        >>> x = gradatim.eye(2)
        >>> gradatim.ones(2).addmm(x, x, alpha=3)
        tensor([[4., 1.],
                [1., 4.]])
        """
        return _added("addmm", input, mat1.mm(mat2), beta, alpha)

    def baddbmm(
        input, batch1: Tensor, batch2: Tensor, *, beta: Number = 1, alpha: Number = 1
    ) -> Tensor:
        """`beta input + alpha (batch1 @ batch2)`, for batches of matrices."""
        return _added("baddbmm", input, batch1.bmm(batch2), beta, alpha)

    def mv(input, vec: Tensor) -> Tensor:
        """Matrix times vector."""
        _need("mv", (2, 1), input, vec)
        return _matmul(input, vec, "mv")

    def dot(input, tensor: Tensor) -> Tensor:
        """The inner product of two vectors.

        >>> import gradatim
        >>> gradatim.tensor([1, 2]).dot(gradatim.tensor([3, 4]))
        tensor(11)
        """
        _need("dot", (1, 1), input, tensor)
        return _matmul(input, tensor, "dot")

    def outer(input, vec2: Tensor) -> Tensor:
        """The outer product of two vectors: (n,), (m,) -> (n, m).

        >>> import gradatim
        >>> gradatim.tensor([1, 2]).outer(gradatim.tensor([1, 10, 100]))
        tensor([[  1,  10, 100],
                [  2,  20, 200]])
        """
        _need("outer", (1, 1), input, vec2)
        return input.unsqueeze(1) * vec2.unsqueeze(0)


def _added(name: str, x: Any, product: Any, beta: Number, alpha: Number) -> Any:
    shape = product._value.shape
    if broadcast_shape(name, x._value.shape, shape) != shape:
        raise ShapeError(
            f"{name}: input of shape {[*x._value.shape]} does not broadcast to the product's shape "
            f"{[*shape]}"
        )
    product = product if alpha == 1 else product * alpha
    if beta == 0:
        return product
    return (x if beta == 1 else x * beta) + product


def _need(name: str, ndims: tuple[int, int], *operands: Any) -> None:
    for x in operands:
        check_tensor(name, x, "operand")
    a, b = (x._value.shape for x in operands)
    if (len(a), len(b)) != ndims:
        advice = "" if name == "outer" else "; matmul takes any number of dimensions"
        raise ShapeError(
            f"{name}: takes {_KINDS[ndims[0]]} and {_KINDS[ndims[1]]}, got shapes {[*a]} and "
            f"{[*b]}{advice}"
        )


_KINDS = {1: "a vector (1 dimension)", 2: "a matrix (2 dimensions)", 3: "a batch (3 dimensions)"}


def _matmul(x: Any, y: Any, name: str = "matmul") -> Any:
    a, b = x._value.shape, y._value.shape
    if not a or not b:
        raise ShapeError("matmul: both operands need at least one dimension; use * for numbers")
    if x._value.dtype != y._value.dtype:
        raise DTypeError(
            f"{name}: both operands need one dtype, got {x.dtype} and {y.dtype}; use .to(dtype)"
        )
    inner = b[-2] if len(b) > 1 else b[0]
    if a[-1] != inner:
        raise ShapeError(
            f"{name}: shapes {list(a)} and {list(b)} do not fit: the last dimension of the first "
            f"({a[-1]}) must equal dimension {-2 if len(b) > 1 else 0} of the second ({inner})"
        )
    if len(a) == 2 == len(b):
        return ops.matmul(x, y)
    if len(a) <= 2 and len(b) <= 2:
        return (ops.vecmat if len(b) == 2 else ops.matvec if len(a) == 2 else ops.dot)(x, y)
    if len(b) <= 2 and len(a) > 2:
        # One 2-d product instead of a loop over batches.
        flat = _matmul(reshape_to(x, (numel(a[:-1]), a[-1])), y)
        return reshape_to(flat, a[:-1] + b[1:])
    if len(a) == 1:
        out = _matmul(x.unsqueeze(0), y)
        return out.squeeze(-2)
    if len(b) == 1:
        return _matmul(x, y.unsqueeze(1)).squeeze(-1)
    lead = _batches(a, b)
    return ops.matmul(expanded(x, lead + a[-2:]), expanded(y, lead + b[-2:]))


def _batches(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """The broadcast batch dimensions: all but the last two."""
    try:
        return broadcast_shape("matmul", a[:-2], b[:-2])
    except ShapeError:
        raise ShapeError(
            f"matmul: shapes {list(a)} and {list(b)} do not fit: their batch dimensions, "
            f"{list(a[:-2])} and {list(b[:-2])}, do not broadcast; sizes must be equal or 1"
        ) from None
