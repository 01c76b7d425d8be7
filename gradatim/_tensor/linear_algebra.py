"""Systems of equations, inverses, determinants and factors: `gradatim.linalg`, and methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arguments import whole_number
from ..core.context import local
from ..core.errors import ArgumentError, AutogradError, ShapeError
from ..core.handle import Handle, check_tensor
from ..ops import linear_systems as ops
from .comparison import where
from .creation import eye
from .promotion import broadcast_shape, expanded, only_floats, promoted
from .return_types import linalg_eigh, linalg_lstsq, linalg_qr, linalg_slogdet, linalg_svd

if TYPE_CHECKING:
    from .tensor import Tensor


class LinearAlgebra(Handle):
    """`inverse`, `det` and the like."""

    def inverse(input) -> Tensor:
        """The inverse of a square matrix; see `linalg.inv`."""
        return inv(_itself(input))

    def det(input) -> Tensor:
        """The determinant of a square matrix."""
        return det(_itself(input))

    def logdet(input) -> Tensor:
        """The logarithm of the determinant: nan where that is negative, -inf where it is 0."""
        sign, size = slogdet(_itself(input))
        return where(sign < 0, float("nan"), size)

    def slogdet(input) -> linalg_slogdet:
        """The determinant's sign, and the logarithm of its size."""
        return slogdet(_itself(input))

    def pinverse(input, rcond: float = 1e-15) -> Tensor:
        """The pseudoinverse; see `linalg.pinv`."""
        return pinv(_itself(input), rcond)

    def matrix_power(input, n: int) -> Tensor:
        """A square matrix times itself, n - 1 times; see `linalg.matrix_power`."""
        return matrix_power(_itself(input), n)


def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """X with A X = B, or with X A = B if not `left`: (..., n, n) with (..., n, k) or (n,).

    Errors: LinAlgError for a singular matrix, ShapeError for one that is not square.

    >>> import gradatim
    >>> solve(gradatim.tensor([[2.0, 0.0], [0.0, 4.0]]), gradatim.tensor([1.0, 1.0]))
    tensor([0.5000, 0.2500])
    """
    a, b = _square("solve", A), only_floats("solve", _tensor("solve", B, "B"))
    is_vector = b.ndim == 1 or (b.ndim == a.ndim - 1 and b.shape == a.shape[:-1])
    b = b.unsqueeze(-1) if is_vector else b
    side, lines = (-2, "rows") if left else (-1, "columns")
    if b.shape[side] != a.shape[-1]:
        raise ShapeError(
            f"solve: A is {list(a.shape)} and B {list(b.shape)}: B needs {a.shape[-1]} {lines}, "
            f"it has {b.shape[side]}"
        )
    if not left:
        a, b = a.mT, b.mT
    start = broadcast_shape("solve", tuple(a.shape[:-2]), tuple(b.shape[:-2]))
    x = ops.solve(expanded(a, (*start, *a.shape[-2:])), expanded(b, (*start, *b.shape[-2:])))
    x = x if left else x.mT
    return x.squeeze(-1) if is_vector else x


def inv(A: Tensor) -> Tensor:
    """The inverse of each square matrix. Where A^-1 B is wanted, `solve(A, B)` is more exact.

    Errors: LinAlgError for a singular matrix, ShapeError for one that is not square.

    >>> import gradatim
    >>> inv(gradatim.tensor([[0.0, 2.0], [4.0, 0.0]]))
    tensor([[0.0000, 0.2500],
            [0.5000, 0.0000]])
    """
    return ops.inv(_square("inv", A))


def det(A: Tensor) -> Tensor:
    """The determinant of each square matrix."""
    return ops.det(_square("det", A))


def slogdet(A: Tensor) -> linalg_slogdet:
    """The determinant's sign (0 if it is 0), and the logarithm of its size (-inf then)."""
    sign, size = ops.parts_of(ops.slogdet(_square("slogdet", A)), (), ())
    return linalg_slogdet(sign.detach(), size)


def cholesky(A: Tensor, *, upper: bool = False) -> Tensor:
    """The lower triangle L with L L^T = A, for a symmetric positive definite A; or L^T.

    Errors: LinAlgError for a matrix that is not positive definite.

    >>> import gradatim
    >>> cholesky(gradatim.tensor([[4.0, 2.0], [2.0, 5.0]]))
    tensor([[2., 0.],
            [1., 2.]])
    """
    lower = ops.cholesky(_square("cholesky", A))
    return lower.mT if upper else lower


def cholesky_solve(B: Tensor, L: Tensor, upper: bool = False) -> Tensor:
    """X with A X = B, from the Cholesky factor of A."""
    factor = L.mT if upper else L
    return solve(factor.mT, solve(factor, B))


def solve_triangular(
    A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Tensor:
    """`solve`, reading only one triangle of A; with `unitriangular` its diagonal counts as ones.

    >>> import gradatim
    >>> solve_triangular(
    ...     gradatim.tensor([[2.0, 9.0], [1.0, 1.0]]), gradatim.ones(2, 1), upper=False
    ... )
    tensor([[0.5000],
            [0.5000]])
    """
    a = _square("solve_triangular", A)
    if B.ndim < 2:
        raise ShapeError(f"solve_triangular: B must be a matrix, got {list(B.shape)}")
    one = 1 if unitriangular else 0
    a = a.triu(one) if upper else a.tril(-one)
    return solve(a + eye(a.shape[-1], dtype=a.dtype) if unitriangular else a, B, left=left)


def cholesky_inverse(L: Tensor, upper: bool = False) -> Tensor:
    """The inverse of A, from the Cholesky factor of A.

    >>> import gradatim
    >>> cholesky_inverse(gradatim.tensor([[2.0, 0.0], [0.0, 1.0]]))
    tensor([[0.2500, 0.0000],
            [0.0000, 1.0000]])
    """
    factor = _square("cholesky_inverse", L)
    return cholesky_solve(eye(factor.shape[-1], dtype=factor.dtype), factor, upper)


def eigh(A: Tensor, UPLO: str = "L") -> linalg_eigh:
    """The eigenvalues of a symmetric matrix, from below, and its eigenvectors as columns.

    The lower triangle is read, or the upper one with `UPLO="U"`. There is no gradient.
    """
    a = _square("eigh", _without_gradient("eigh", A))
    if UPLO not in ("L", "U", "l", "u"):
        raise ArgumentError(f'eigh: UPLO is "L" or "U", got {UPLO!r}')
    found = ops.eigh(a.mT.contiguous() if UPLO in "Uu" else a)
    return linalg_eigh(*ops.parts_of(found, *ops.eigh_shapes(a.shape[-1])))


def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:
    """The eigenvalues of a symmetric matrix; there is no gradient."""
    return eigh(A, UPLO).eigenvalues


def svd(A: Tensor, full_matrices: bool = True) -> linalg_svd:
    """U, S, Vh with A = U diag(S) Vh; the columns of U and the rows of Vh are orthonormal.

    There is no gradient. The sign of a column is LAPACK's.
    """
    a = _matrix("svd", _without_gradient("svd", A))
    full = bool(full_matrices)
    return linalg_svd(
        *ops.parts_of(ops.svd(a, full=full), *ops.svd_shapes(*a.shape[-2:], full=full))
    )


def svdvals(A: Tensor) -> Tensor:
    """The singular values, the largest first; there is no gradient."""
    return svd(A, full_matrices=False).S


def qr(A: Tensor, mode: str = "reduced") -> linalg_qr:
    """Q R = A, with orthonormal columns in Q and an upper triangle R; there is no gradient."""
    if mode != "reduced":
        raise ArgumentError(f'qr: only mode="reduced" is there, got {mode!r}')
    a = _matrix("qr", _without_gradient("qr", A))
    return linalg_qr(*ops.parts_of(ops.qr(a), *ops.qr_shapes(*a.shape[-2:])))


def pinv(A: Tensor, rtol: float | None = None) -> Tensor:
    """The pseudoinverse: A^-1 where there is one, else the nearest thing; there is no gradient.

    Singular values up to `rtol` times the largest count as 0; by default that is eps max(n, m).
    """
    factors = svd(A, full_matrices=False)
    return _pseudoinverse(factors, _tolerance(A, factors.S, rtol) < factors.S)


def _pseudoinverse(factors: linalg_svd, keep: Any) -> Any:
    """From a singular value decomposition, of whose values those to `keep` count."""
    u, s, vh = factors
    inverse: Any = (s.masked_fill(~keep, 1.0).reciprocal() * keep).unsqueeze(-2)
    return (vh.mT * inverse) @ u.mT


def matrix_rank(A: Tensor, *, rtol: float | None = None) -> Tensor:
    """How many singular values are not 0, but for rounding."""
    s = svdvals(A)
    return (s > _tolerance(A, s, rtol)).sum(-1)


def _tolerance(A: Any, s: Any, rtol: float | None) -> Any:
    if rtol is None:
        rtol = float(np.finfo(A._value.dtype).eps) * max(A.shape[-2:])
    return s.narrow(-1, 0, min(s.shape[-1], 1)) * rtol  # the largest, if there is one


def cond(A: Tensor) -> Tensor:
    """The largest singular value divided by the smallest; 0 for an empty matrix."""
    s = svdvals(A)
    if not s.shape[-1]:
        return s.sum(-1)
    return s.select(-1, 0) / s.select(-1, s.shape[-1] - 1)


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """A view of the diagonal of each matrix: (..., n, n) -> (..., n).

    >>> import gradatim
    >>> diagonal(gradatim.arange(8).reshape(2, 2, 2))
    tensor([[0, 3],
            [4, 7]])
    """
    return _tensor("diagonal", A, "A").diagonal(offset, dim1, dim2)


def lstsq(
    A: Tensor, B: Tensor, rcond: float | None = None, *, driver: str | None = None
) -> linalg_lstsq:
    """The X for which |A X - B| is least: (n, m) with (n, k) or (n,); there is no gradient.

    `residuals` are those of a tall A of full rank, else empty. `driver` is accepted and changes
    nothing. For a gradient, `solve(A.T @ A, A.T @ B)`.

    >>> import gradatim
    >>> A = gradatim.tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    >>> lstsq(A, gradatim.tensor([[1.0], [3.0], [5.0]])).solution
    tensor([[1.0000],
            [2.0000]])
    """
    a = _matrix("lstsq", _without_gradient("lstsq", A))
    b = _without_gradient("lstsq", _tensor("lstsq", B, "B"))
    if b.shape[a.ndim - 2 :][:1] != a.shape[-2:-1]:
        raise ShapeError(
            f"lstsq: A is {list(a.shape)} and B {list(b.shape)}: they need equally many rows"
        )
    factors = svd(a, full_matrices=False)
    keep = _tolerance(a, factors.S, rcond) < factors.S
    x, rank = _pseudoinverse(factors, keep) @ b, keep.sum(-1)
    n, m = a.shape[-2:]
    left: Any = a.new_zeros(0)
    if n > m and bool((rank == m).all()):
        left = (a @ x - b).square().sum(-2 if b.ndim > 1 else 0)
    return linalg_lstsq(x, left, rank, factors.S)


def matrix_power(A: Tensor, n: int) -> Tensor:
    """A^n for a square matrix and a whole n; of the inverse, where n is negative.

    >>> import gradatim
    >>> matrix_power(gradatim.tensor([[1.0, 1.0], [1.0, 0.0]]), 10)[0, 1]
    tensor(55.)
    """
    a: Any = _square("matrix_power", A)
    n = whole_number("matrix_power: n", n)
    if n < 0:
        return matrix_power(inv(a), -n)
    out = None
    while n:
        if n % 2:
            out = a if out is None else out @ a
        n //= 2
        a = a @ a if n else a
    same = eye(A.shape[-1], dtype=A.dtype)
    return expanded(same, tuple(A.shape)).clone() if out is None else out


def multi_dot(tensors: Any) -> Tensor:
    """The product of several matrices, of which the first and last may be vectors."""
    first, *rest = list(tensors)
    for x in rest:
        first = first @ x
    return first


def vector_norm(
    x: Tensor, ord: float = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """(sum |x|^ord)^(1/ord) of all elements, or along `dim`.

    >>> import gradatim
    >>> vector_norm(gradatim.tensor([[3.0, 4.0]]), dim=1)
    tensor([5.])
    """
    return _tensor("vector_norm", x, "x").norm(ord, dim, keepdim, dtype=dtype)


def matrix_norm(
    A: Tensor, ord: float | str = "fro", dim: Any = (-2, -1), keepdim: bool = False
) -> Tensor:
    """The Frobenius norm, or "nuc", 2 and -2 (of the singular values), 1, -1, inf and -inf.

    Errors: ArgumentError for another order.
    """
    a = _matrix("matrix_norm", A)
    rows, columns = (d % a.ndim for d in dim)
    if ord == "fro":
        return a.norm(2, (rows, columns), keepdim)
    if ord in ("nuc", 2, -2):
        s = svdvals(a.movedim((rows, columns), (-2, -1)))
        found = s.sum(-1) if ord == "nuc" else s.amax(-1) if ord == 2 else s.amin(-1)
        return (
            found.unsqueeze(min(rows, columns)).unsqueeze(max(rows, columns)) if keepdim else found
        )
    if ord not in (1, -1, float("inf"), -float("inf")):
        raise ArgumentError(f"matrix_norm: unknown order {ord!r}")
    first, second = (rows, columns) if abs(float(ord)) == 1 else (columns, rows)
    sums = a.abs().sum(first, keepdim=True)
    found = sums.amax(second, keepdim=True) if float(ord) > 0 else sums.amin(second, keepdim=True)
    return found if keepdim else found.squeeze((rows, columns))


def norm(A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False) -> Tensor:
    """`vector_norm`, or `matrix_norm` for an order of a matrix or two dimensions.

    Errors: ShapeError for an order of more than two dimensions without `dim`.
    """
    x: Any = _tensor("norm", A, "A")
    if ord is None:
        return x.norm(2, dim, keepdim)
    if dim is None and x.ndim > 2:
        raise ShapeError(f"norm: of shape {list(x.shape)} an order needs dim, such as dim=(-2, -1)")
    if dim is None and x.ndim == 2:
        dim = (0, 1)
    if isinstance(dim, (tuple, list)) and len(dim) == 2:
        return matrix_norm(x, ord, dim, keepdim)
    return vector_norm(x, ord, dim, keepdim)


def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The product of vectors in space, at right angles to both, along a dimension of size 3.

    >>> import gradatim
    >>> cross(gradatim.tensor([1.0, 0.0, 0.0]), gradatim.tensor([0.0, 1.0, 0.0]))
    tensor([0., 0., 1.])
    """
    x, y = promoted(
        _tensor("cross", input, "input"), _tensor("cross", other, "other"), name="cross"
    )
    if x.shape[dim] != 3:
        raise ShapeError(f"cross: dimension {dim} must have size 3, it has {x.shape[dim]}")
    return x.roll(-1, dim) * y.roll(-2, dim) - x.roll(-2, dim) * y.roll(-1, dim)


def _itself(x: Any) -> Any:
    return x


def _tensor(name: str, x: Any, what: str) -> Any:
    check_tensor(name, x, what)
    return x


def _matrix(name: str, x: Any) -> Any:
    check_tensor(name, x, "A")
    only_floats(name, x)
    if x.ndim < 2:
        raise ShapeError(f"{name}: takes matrices (..., n, m), got shape {list(x.shape)}")
    return x


def _square(name: str, x: Any) -> Any:
    _matrix(name, x)
    if x.shape[-1] != x.shape[-2]:
        raise ShapeError(f"{name}: takes square matrices (..., n, n), got shape {list(x.shape)}")
    return x


def _without_gradient(name: str, x: Any) -> Any:
    """The tensor itself; where a gradient would be lost, an error says so."""
    check_tensor(name, x, "A")
    if x.requires_grad and local.context.grad_enabled:
        raise AutogradError(
            f"{name}: it has no gradient here; use x.detach() or no_grad() if none is wanted "
            "(solve, inv, det, slogdet, cholesky and the norms have one)"
        )
    return x
