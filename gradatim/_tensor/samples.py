"""Numbers that describe samples: quantiles, differences, covariances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.errors import ArgumentError, DTypeError, ShapeError
from ..core.handle import Handle, check_tensor
from .comparison import where
from .creation import tensor
from .dims import one_dim
from .joining import cat
from .promotion import floating, only_floats

if TYPE_CHECKING:
    from .tensor import Tensor

_ROUNDINGS = ("linear", "lower", "higher", "midpoint", "nearest")


class Samples(Handle):
    """`quantile`, `diff`, `cov` and the like."""

    def quantile(
        input,
        q: float | Tensor,
        dim: int | None = None,
        keepdim: bool = False,
        *,
        interpolation: str = "linear",
    ) -> Tensor:
        """The number below which a part `q` of all elements lies, or of those along `dim`.

        Between two elements it is interpolated in a line; `interpolation` "lower", "higher",
        "midpoint" and "nearest" do otherwise. Several `q` come first in the result. nan if there
        is a nan.

        Errors: ArgumentError for a `q` outside [0, 1].

        >>> import gradatim
        >>> x = gradatim.tensor([4.0, 1.0, 3.0, 2.0])
        >>> x.quantile(0.5), x.quantile(gradatim.tensor([0.0, 1.0]))
        (tensor(2.5000), tensor([1., 4.]))
        """
        return _quantile("quantile", input, q, dim, keepdim, interpolation, ignore_nan=False)

    def nanquantile(
        input,
        q: float | Tensor,
        dim: int | None = None,
        keepdim: bool = False,
        *,
        interpolation: str = "linear",
    ) -> Tensor:
        """`quantile` of the elements that are not nan; nan where there are none."""
        return _quantile("nanquantile", input, q, dim, keepdim, interpolation, ignore_nan=True)

    def diff(
        input,
        n: int = 1,
        dim: int = -1,
        prepend: Tensor | None = None,
        append: Tensor | None = None,
    ) -> Tensor:
        """x[1] - x[0], x[2] - x[1], ... along `dim`, n times over.

        >>> import gradatim
        >>> gradatim.tensor([1, 4, 9, 16]).diff()
        tensor([3, 5, 7])
        """
        x: Any = input
        dim = one_dim("diff", dim, x.ndim)
        if n < 0:
            raise ArgumentError(f"diff: n must be 0 or more, got {n}")
        given = [part for part in (prepend, x, append) if part is not None]
        if len(given) > 1:
            x = cat(given, dim)
        for _ in range(min(n, x.shape[dim])):
            size = x.shape[dim] - 1
            late, early = x.narrow(dim, 1, size), x.narrow(dim, 0, size)
            x = late ^ early if x._value.dtype.kind == "b" else late - early
        return x

    def cov(
        input,
        *,
        correction: int = 1,
        fweights: Tensor | None = None,
        aweights: Tensor | None = None,
    ) -> Tensor:
        """The covariances of variables in rows, with samples in columns: (n, m) -> (n, n).

        `fweights` say how often each sample was seen, `aweights` how much it counts.

        >>> import gradatim
        >>> gradatim.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]).cov()
        tensor([[ 1., -1.],
                [-1.,  1.]])
        """
        x: Any = floating(input)
        if x.ndim > 2:
            raise ShapeError(f"cov: takes (variables, samples) or (samples,), got {list(x.shape)}")
        is_one = x.ndim < 2
        x = x.reshape(1, -1) if is_one else x
        weights = None
        for part in (fweights, aweights):
            if part is not None:
                check_tensor("cov", part, "weights")
                weights = part if weights is None else weights * part
        if weights is None:
            total: Any = x.shape[1]
            centred = x - x.mean(1, keepdim=True)
            product, left = centred @ centred.mT, total - correction
        else:
            total = weights.sum()
            centred = x - (x * weights).sum(1, keepdim=True) / total
            product = (centred * weights) @ centred.mT
            spread = total if aweights is None else (weights * aweights).sum() * 1.0
            left = total - correction * (spread / total if aweights is not None else 1)
        left = left.clamp(min=0) if isinstance(left, Handle) else max(left, 0)
        found = product / left
        return found.reshape(()) if is_one else found

    def corrcoef(input) -> Tensor:
        """The correlations of variables in rows, with samples in columns, from -1 to 1."""
        found = Samples.cov(input)
        if not found.ndim:
            return found / found
        size = found.diagonal().sqrt()
        return (found / size.unsqueeze(1) / size.unsqueeze(0)).clamp(-1, 1)


def _quantile(
    name: str, x: Any, q: Any, dim: Any, keepdim: bool, interpolation: str, *, ignore_nan: bool
) -> Any:
    parts = _parts(name, x, q, interpolation)
    rows = (x.reshape(-1) if dim is None or not x.ndim else x.movedim(dim, -1)).sort(-1).values
    ranks = _ranks(rows, parts.reshape(-1), ignore_nan)
    found = _at(rows, ranks, interpolation).movedim(-1, 0)  # (Q, ...)
    if keepdim:
        shape = [1] * x.ndim if dim is None else [*x.shape]
        if dim is not None:
            shape[one_dim(name, dim, x.ndim)] = 1
        found = found.reshape(parts.numel(), *shape)
    return found if parts.ndim else found.squeeze(0)


def _parts(name: str, x: Any, q: Any, interpolation: str) -> Any:
    """`q` as a tensor, once all arguments are found to be valid."""
    only_floats(name, x)
    if interpolation not in _ROUNDINGS:
        raise ArgumentError(f"{name}: interpolation is one of {_ROUNDINGS}, got {interpolation!r}")
    if not x.numel():
        raise ArgumentError(f"{name}: there are no elements")
    if not isinstance(q, Handle):
        if not 0 <= q <= 1:
            raise ArgumentError(f"{name}: q must be from 0 to 1, got {q}")
        return tensor(q, dtype=x.dtype)
    parts: Any = q
    if parts.ndim > 1 or parts.dtype != x.dtype:
        raise DTypeError(
            f"{name}: q must be a number or a vector of dtype {x.dtype}, got shape "
            f"{list(parts.shape)} of {parts.dtype}"
        )
    return parts


def _ranks(rows: Any, parts: Any, ignore_nan: bool) -> Any:
    """Where each quantile lies among the sorted numbers of a row: (..., Q)."""
    wrong, last = rows.isnan(), rows.shape[-1] - 1  # nan is sorted to the end
    if ignore_nan:
        return parts * ((~wrong).sum(-1, keepdim=True) - 1).clamp(min=0)
    ranks = (parts * last).expand(*rows.shape[:-1], parts.numel())
    return where(wrong.any(-1, keepdim=True), last, ranks)


def _at(rows: Any, ranks: Any, interpolation: str) -> Any:
    """The numbers at these ranks, which may lie between two."""
    exact = {"lower": ranks.floor(), "higher": ranks.ceil(), "nearest": ranks.round()}
    ranks = exact.get(interpolation, ranks)
    low, high = ranks.floor(), ranks.ceil()
    weight = 0.5 * (high - low) if interpolation == "midpoint" else ranks - low
    return rows.gather(-1, low.long()).lerp(rows.gather(-1, high.long()), weight)
