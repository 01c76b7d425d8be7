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

    def dist(input, other: Tensor, p: float = 2) -> Tensor:
        """The norm of the difference."""
        check_tensor("dist", other, "other")
        x: Any = input
        return (x - other).norm(p)

    def msort(input) -> Tensor:
        """Sorted along the first dimension."""
        return input.sort(0).values

    def fliplr(input) -> Tensor:
        """Columns in the opposite order."""
        _at_least("fliplr", input, 2)
        return input.flip(1)

    def flipud(input) -> Tensor:
        """Rows in the opposite order."""
        _at_least("flipud", input, 1)
        return input.flip(0)

    def rot90(input, k: int = 1, dims: tuple[int, int] = (0, 1)) -> Tensor:
        """Turned k times by 90 degrees, from the first of two dimensions towards the second.

        >>> import gradatim
        >>> gradatim.tensor([[1, 2], [3, 4]]).rot90()
        tensor([[2, 4],
                [1, 3]])
        """
        x: Any = input
        a, b = (one_dim("rot90", d, x.ndim) for d in dims)
        if a == b:
            raise ArgumentError(f"rot90: two different dimensions are needed, got {tuple(dims)}")
        if k % 4 == 0:
            return x.clone()
        if k % 4 == 2:
            return x.flip(a, b)
        return (x.flip(b) if k % 4 == 1 else x.flip(a)).transpose(a, b)

    def reshape_as(self, other: Tensor) -> Tensor:
        """In the shape of another tensor."""
        return self.reshape(other.shape)


def _at_least(name: str, x: Any, dims: int) -> None:
    if x.ndim < dims:
        raise ShapeError(f"{name}: needs {dims} dimensions or more, got shape {list(x.shape)}")


def _quantile(
    name: str, x: Any, q: Any, dim: Any, keepdim: bool, interpolation: str, *, ignore_nan: bool
) -> Any:
    only_floats(name, x)
    if interpolation not in _ROUNDINGS:
        raise ArgumentError(f"{name}: interpolation is one of {_ROUNDINGS}, got {interpolation!r}")
    if not x.numel():
        raise ArgumentError(f"{name}: there are no elements")
    if not isinstance(q, Handle):
        if not 0 <= q <= 1:
            raise ArgumentError(f"{name}: q must be from 0 to 1, got {q}")
        q = tensor(q, dtype=x.dtype)
    part: Any = q
    if part.ndim > 1 or part.dtype != x.dtype:
        raise DTypeError(
            f"{name}: q must be a number or a vector of dtype {x.dtype}, got shape "
            f"{list(part.shape)} of {part.dtype}"
        )
    shape = [1] * x.ndim
    if dim is not None:
        shape = list(x.shape)
        shape[one_dim(name, dim, x.ndim)] = 1
    rows = (x.reshape(-1) if dim is None or not x.ndim else x.movedim(dim, -1)).sort(-1).values
    wrong = rows.isnan()
    there: Any = (~wrong).sum(-1, keepdim=True)
    # Where each quantile lies among the sorted numbers: (..., Q)
    last: Any = (there - 1).clamp(min=0) if ignore_nan else rows.shape[-1] - 1
    rank = part.reshape(-1) * last
    rank = rank.expand(*rows.shape[:-1], part.numel())
    if not ignore_nan:  # nan is sorted to the end
        rank = where(wrong.any(-1, keepdim=True), rows.shape[-1] - 1, rank)
    rank = {"lower": rank.floor(), "higher": rank.ceil(), "nearest": rank.round()}.get(
        interpolation, rank
    )
    low, high = rank.floor(), rank.ceil()
    weight = 0.5 * (high - low) if interpolation == "midpoint" else rank - low
    below, above = rows.gather(-1, low.long()), rows.gather(-1, high.long())
    found = below.lerp(above, weight)
    found = found.movedim(-1, 0)
    if keepdim:
        found = found.reshape(part.numel(), *shape)
    return found if part.ndim else found.squeeze(0)
