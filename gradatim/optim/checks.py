"""Checks of optimiser settings."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from ..core.handle import Handle


def check_not_negative(what: str, value: Any) -> None:
    """Refuse a negative setting, or nan."""
    _check_number(what, value)
    if not float(value) >= 0.0:
        raise ArgumentError(f"Invalid {what}: {value}; it must be a number from 0 up")


def check_betas(betas: tuple[Any, Any]) -> None:
    """Refuse betas outside [0, 1)."""
    if not isinstance(betas, tuple | list) or len(betas) != 2:
        raise ArgumentError(f"betas: expects two numbers, got {betas!r}")
    for i, beta in enumerate(betas):
        _check_number(f"beta parameter at index {i}", beta)
        if not 0.0 <= float(beta) < 1.0:
            raise ArgumentError(
                f"Invalid beta parameter at index {i}: {beta}; it must be in [0, 1)"
            )


def _check_number(what: str, value: Any) -> None:
    if not isinstance(value, int | float | Handle | np.number):
        raise TypeError(f"Invalid {what}: expects a number, got {type(value).__name__}")


def check_fused(fused: bool | None, foreach: bool | None, differentiable: bool) -> None:
    """Refuse combinations that PyTorch refuses, so that scripts fail here as they would there."""
    if fused and differentiable:
        raise ArgumentError("`fused` does not support `differentiable`")
    if fused and foreach:
        raise ArgumentError("`fused` and `foreach` cannot be `True` together.")
