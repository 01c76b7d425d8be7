"""Square matrices: systems of equations, inverses, determinants, factors. LAPACK computes them.

All take batches: (..., n, n). Gradients are systems again (Giles 2008, Collected matrix derivative
results for forward and reverse mode algorithmic differentiation).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.errors import LinAlgError
from ..core.primitive import Primitive
from ..core.storage import ArrayType
from .broadcast import broadcast_to, numel, reduce_sum, reshape_to
from .creation import constant
from .elementwise import add, like, mul, neg, sub
from .matmul import matmul
from .movement import slice_, swap_last

Array = np.ndarray[Any, Any]


def _checked(name: str, value: Callable[..., Any]) -> Callable[..., Any]:
    """LAPACK's refusal of a matrix as an error of the library."""

    def checked(*arrays: Array) -> Any:
        try:
            return value(*arrays)
        except np.linalg.LinAlgError as why:
            raise LinAlgError(f"{name}: {_REASONS.get(str(why), str(why))}") from None

    return checked


_REASONS = {
    "Singular matrix": "the matrix is singular, it has no inverse; use lstsq or pinv",
    "Matrix is not positive definite": "the matrix is not positive definite",
}


def _square(a: Any) -> ArrayType:
    return ArrayType(a.shape, a.dtype)


def _of_batch(a: Any) -> ArrayType:
    return ArrayType(a.shape[:-2], a.dtype)


# x with a x = b: (..., n, n), (..., n, k) -> (..., n, k)
solve: Primitive = Primitive(
    "solve(a, b)",
    _checked("solve", np.linalg.solve),
    lambda a, b: ArrayType(b.shape, b.dtype),
    a=lambda g, a, out: neg(matmul(solve(swap_last(a), g), swap_last(out))),
    b=lambda g, a: solve(swap_last(a), g),
)


def _inv_back(g: Any, out: Any) -> Any:
    turned = swap_last(out)
    return neg(matmul(turned, matmul(g, turned)))


inv: Primitive = Primitive("inv(a)", _checked("inv", np.linalg.inv), _square, a=_inv_back)


def _over(g: Any, matrix: Any) -> Any:
    """One number for each matrix, spread over it."""
    shape = matrix._value.shape
    return broadcast_to(reshape_to(g, (*shape[:-2], 1, 1)), shape=shape)


def _cofactors(a: Array) -> Array:
    try:
        slope = np.linalg.det(a)[..., None, None] * np.linalg.inv(a).swapaxes(-2, -1)
    except np.linalg.LinAlgError:  # the determinant is 0
        u, s, v = np.linalg.svd(a)
        others = [np.prod(np.delete(s, i, -1), -1) for i in range(s.shape[-1])]
        sign = (np.linalg.det(u) * np.linalg.det(v))[..., None, None]
        slope = sign * (u * np.stack(others, -1)[..., None, :]) @ v
    return slope.astype(a.dtype)


def _cofactors_back(g: Any, a: Any, out: Any) -> Any:
    turned = swap_last(inv(a))
    last = len(a._value.shape)
    size = reduce_sum(mul(g, out), dims=(last - 2, last - 1), keepdim=False)
    return sub(mul(_over(size, a), turned), matmul(matmul(out, swap_last(g)), turned))


# det(a) a^-T, the gradient of the determinant; of a singular matrix too, but no gradient of it
cofactors: Primitive = Primitive(
    "cofactors(a)", _checked("det", _cofactors), _square, a=_cofactors_back
)

det: Primitive = Primitive(
    "det(a)",
    _checked("det", lambda a: np.asarray(np.linalg.det(a), a.dtype)),
    _of_batch,
    a=lambda g, a: mul(_over(g, a), cofactors(a)),
)


def _lower_half(x: Any) -> Any:
    """The lower triangle, with half of the diagonal."""
    shape, dtype = x._value.shape, x._value.dtype
    n = shape[-1]
    mask = (np.tril(np.ones((n, n))) - np.eye(n) / 2).astype(dtype)
    return mul(x, broadcast_to(constant(array=mask), shape=shape))


def _cholesky_back(g: Any, out: Any) -> Any:
    turned = swap_last(out)
    middle = _lower_half(matmul(turned, g))
    left = solve(turned, middle)
    slope = swap_last(solve(turned, swap_last(left)))
    return mul(add(slope, swap_last(slope)), like(slope, 0.5))


def _cholesky(a: Array) -> Array:
    # Of the mean with its transpose, so that both halves have the same gradient.
    return np.linalg.cholesky((a + a.swapaxes(-2, -1)) / 2)


# the lower triangle L with L L^T = a, of a symmetric a
cholesky: Primitive = Primitive(
    "cholesky(a)", _checked("cholesky", _cholesky), _square, a=_cholesky_back
)

# -- several results -----------------------------------------------------------------------
#
# A factorisation has several results. They are one array here, one after the other for each matrix,
# so that a compiled program can hold it; `parts_of` takes it apart.


def _packed(name: str, factors: Callable[..., Any]) -> Callable[..., Any]:
    def value(a: Array, **params: Any) -> Array:
        start = a.shape[:-2]
        found = _checked(name, lambda a: factors(a, **params))(a)
        sizes = [int(np.prod(part.shape[len(start) :])) for part in found]
        flat = [part.reshape(*start, n) for part, n in zip(found, sizes, strict=True)]
        return np.concatenate(flat, -1)

    return value


def _finite(a: Array) -> Array:
    """The matrix; LAPACK's iterations may never end on nan or infinity, so these are refused."""
    if not np.isfinite(a).all():
        raise np.linalg.LinAlgError("the matrix contains nan or infinity")
    return a


def parts_of(packed: Any, *shapes: tuple[int, ...]) -> list[Any]:
    """The results of a factorisation, of these shapes for each matrix."""
    start, place, parts = packed._value.shape[:-1], 0, []
    for shape in shapes:
        size = numel(shape)
        whole = (slice(None),) * len(start)
        part = slice_(packed, index=(*whole, slice(place, place + size)))
        parts.append(reshape_to(part, (*start, *shape)))
        place += size
    return parts


def eigh_shapes(n: int) -> list[tuple[int, ...]]:
    """Of eigenvalues and eigenvectors."""
    return [(n,), (n, n)]


def svd_shapes(n: int, m: int, *, full: bool) -> list[tuple[int, ...]]:
    """Of left vectors, singular values and right vectors."""
    k = min(n, m)
    return [(n, n if full else k), (k,), (m if full else k, m)]


def qr_shapes(n: int, m: int) -> list[tuple[int, ...]]:
    """Of both factors."""
    k = min(n, m)
    return [(n, k), (k, m)]


def _of(a: Any, shapes: list[tuple[int, ...]]) -> ArrayType:
    return ArrayType((*a.shape[:-2], sum(map(numel, shapes))), a.dtype)


def _slogdet_back(g: Any, a: Any) -> Any:
    _, of_log = parts_of(g, (), ())
    return mul(_over(of_log, a), swap_last(inv(a)))


# sign det a, and log |det a|
slogdet: Primitive = Primitive(
    "slogdet(a)",
    _packed("slogdet", np.linalg.slogdet),
    lambda a: _of(a, [(), ()]),
    a=_slogdet_back,
)

# These have no gradient.
eigh = Primitive(
    "eigh(a)",
    _packed("eigh", lambda a: np.linalg.eigh(_finite(a))),
    lambda a: _of(a, eigh_shapes(a.shape[-1])),
    differentiable=False,
)

svd = Primitive(
    "svd(a, *, full)",
    _packed("svd", lambda a, full: np.linalg.svd(_finite(a), full)),
    lambda a, *, full: _of(a, svd_shapes(*a.shape[-2:], full=full)),
    differentiable=False,
)

qr = Primitive(
    "qr(a)",
    _packed("qr", np.linalg.qr),
    lambda a: _of(a, qr_shapes(*a.shape[-2:])),
    differentiable=False,
)
