"""Results of several tensors as named tuples: `x.max(dim=0).indices`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .tensor import Tensor


class _Printed:
    """PyTorch's `repr`: one name and tensor per line."""

    __slots__ = ()

    def __repr__(self) -> str:
        names = self._fields  # type: ignore[attr-defined]
        fields = ",\n".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"gradatim.return_types.{type(self).__name__}(\n{fields})"


class _Ordered(NamedTuple):
    values: Tensor
    indices: Tensor


class _Bounds(NamedTuple):
    min: Tensor
    max: Tensor


class _Histogram(NamedTuple):
    hist: Tensor
    bin_edges: Tensor


class _SignAndLog(NamedTuple):
    sign: Tensor
    logabsdet: Tensor


class _Eigen(NamedTuple):
    eigenvalues: Tensor
    eigenvectors: Tensor


class _Factors(NamedTuple):
    Q: Tensor
    R: Tensor


class _Singular(NamedTuple):
    U: Tensor
    S: Tensor
    Vh: Tensor


class _Solution(NamedTuple):
    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


class linalg_slogdet(_Printed, _SignAndLog):
    """The result of `linalg.slogdet`."""


class linalg_eigh(_Printed, _Eigen):
    """The result of `linalg.eigh`."""


class linalg_qr(_Printed, _Factors):
    """The result of `linalg.qr`."""


class linalg_svd(_Printed, _Singular):
    """The result of `linalg.svd`."""


class linalg_lstsq(_Printed, _Solution):
    """The result of `linalg.lstsq`."""


class max(_Printed, _Ordered):
    """The result of `max(dim=...)`."""


class min(_Printed, _Ordered):
    """The result of `min(dim=...)`."""


class cummax(_Printed, _Ordered):
    """The result of `cummax`."""


class cummin(_Printed, _Ordered):
    """The result of `cummin`."""


class sort(_Printed, _Ordered):
    """The result of `sort`."""


class topk(_Printed, _Ordered):
    """The result of `topk`."""


class kthvalue(_Printed, _Ordered):
    """The result of `kthvalue`."""


class mode(_Printed, _Ordered):
    """The result of `mode`."""


class median(_Printed, _Ordered):
    """The result of `median(dim=...)`."""


class aminmax(_Printed, _Bounds):
    """The result of `aminmax`."""


class histogram(_Printed, _Histogram):
    """The result of `histogram`."""
