"""Results of several tensors, which are tuples with names: `x.max(dim=0).indices`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .tensor import Tensor


class _Printed:
    """Printing as PyTorch's: one name and tensor in a line."""

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


class max(_Printed, _Ordered):
    """Of `max(dim=...)`."""


class min(_Printed, _Ordered):
    """Of `min(dim=...)`."""


class cummax(_Printed, _Ordered):
    """Of `cummax`."""


class cummin(_Printed, _Ordered):
    """Of `cummin`."""


class sort(_Printed, _Ordered):
    """Of `sort`."""


class topk(_Printed, _Ordered):
    """Of `topk`."""


class kthvalue(_Printed, _Ordered):
    """Of `kthvalue`."""


class median(_Printed, _Ordered):
    """Of `median(dim=...)`."""


class aminmax(_Printed, _Bounds):
    """Of `aminmax`."""


class histogram(_Printed, _Histogram):
    """Of `histogram`."""
