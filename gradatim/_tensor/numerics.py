"""Settings of how exact and how repeatable computations are: they always are."""

from __future__ import annotations

from ..core.errors import ArgumentError

_PRECISIONS = ("highest", "high", "medium")
_asked = {"precision": "highest", "deterministic": False}


def set_float32_matmul_precision(precision: str) -> None:
    """Allow products of float32 matrices to be less exact: they are not.

    Errors: ArgumentError for anything but "highest", "high" and "medium".
    """
    if precision not in _PRECISIONS:
        raise ArgumentError(
            f"set_float32_matmul_precision: expects one of {_PRECISIONS}, got {precision!r}"
        )
    _asked["precision"] = precision


def get_float32_matmul_precision() -> str:
    """What was set last; products are exact to float32's rounding in any case."""
    return str(_asked["precision"])


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Ask for the same bits in every run: they are, whatever is asked for."""
    _asked["deterministic"] = bool(mode)


def are_deterministic_algorithms_enabled() -> bool:
    """What was set last."""
    return bool(_asked["deterministic"])
