"""gradatim.scalar, in plain Python."""

from __future__ import annotations

from typing import Any

from ..workload import Arrays, Workload
from . import values
from .gradatim_eager import version

__all__ = ["prepare", "version"]


def prepare(workload: Workload, arrays: Arrays, threads: int) -> Any:
    from gradatim.scalar import MLP

    def network() -> MLP:
        return MLP(3, [4, 4, 1], activation="relu", last="linear")

    return values.prepare(network, workload, arrays)
