"""The `reduction` of a loss, and checks of its arguments."""

from __future__ import annotations

from typing import Any

from ...core.errors import ArgumentError, ShapeError
from ...core.handle import check_tensor

REDUCTIONS = ("none", "mean", "sum")


def check_reduction(name: str, reduction: str, allowed: tuple[str, ...] = REDUCTIONS) -> None:
    """Refuse an unknown reduction."""
    if reduction not in allowed:
        known = ", ".join(f'"{r}"' for r in allowed)
        raise ArgumentError(f"{name}: {reduction} is not a valid value for reduction; use {known}")


def reduced(losses: Any, reduction: str) -> Any:
    """The losses, their mean or their sum."""
    if reduction == "mean":
        return losses.mean()
    return losses.sum() if reduction == "sum" else losses


def check_same_shape(name: str, input: Any, target: Any) -> None:
    """Refuse a target of another shape, which would broadcast against the wrong elements."""
    check_tensor(name, input)
    check_tensor(name, target, "target")
    a, b = tuple(input.shape), tuple(target.shape)
    if a != b:
        raise ShapeError(
            f"{name}: input has shape {list(a)} and target {list(b)}; they must be equal: "
            f"{_difference(a, b)}"
        )


def _difference(a: tuple[int, ...], b: tuple[int, ...]) -> str:
    if len(a) != len(b):
        return f"{len(a)} dimensions against {len(b)}; use .squeeze(...) or .reshape(...)"
    d = next(i for i, (n, m) in enumerate(zip(a, b, strict=True)) if n != m)
    return f"dimension {d} is {a[d]} against {b[d]}"
