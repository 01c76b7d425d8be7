"""micrograd: scalars in plain Python."""

from __future__ import annotations

from importlib.metadata import version as installed
from typing import Any

from ..workload import Arrays, Workload
from . import values


def version() -> str:
    import micrograd

    assert micrograd
    return f"micrograd {installed('micrograd')}"


def prepare(workload: Workload, arrays: Arrays, threads: int) -> Any:
    from micrograd.nn import MLP

    return values.prepare(lambda: MLP(3, [4, 4, 1]), workload, arrays)
