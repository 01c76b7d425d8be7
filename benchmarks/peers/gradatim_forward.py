"""`gradatim.compile` of the forward pass; `backward()` and the optimiser run as usual."""

from __future__ import annotations

from typing import Any

from ..workload import Arrays, Training, Workload
from .gradatim_call import version
from .torch_like import Trained

__all__ = ["prepare", "version"]


def prepare(workload: Workload, arrays: Arrays, threads: int) -> Any:
    import gradatim

    gradatim.set_num_threads(threads)
    if not isinstance(workload, Training):
        return None
    return Trained(gradatim, workload, arrays, gradatim.compile)
