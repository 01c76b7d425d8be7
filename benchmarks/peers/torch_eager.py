"""PyTorch, eager."""

from __future__ import annotations

from typing import Any

from ..workload import Arrays, Workload
from .torch_like import eager


def version() -> str:
    import torch

    return f"torch {torch.__version__}"


def prepare(workload: Workload, arrays: Arrays, threads: int) -> Any:
    import torch

    torch.set_num_threads(threads)
    return eager(torch, workload, arrays)
