"""Gradatim, eager."""

from __future__ import annotations

from typing import Any

from ..workload import Arrays, Workload
from .torch_like import eager


def version() -> str:
    import gradatim

    return f"gradatim {gradatim.__version__}"


def prepare(workload: Workload, arrays: Arrays, threads: int) -> Any:
    import gradatim

    return eager(gradatim, workload, arrays)
