"""`torch.compile` of the forward pass; `backward()` and the optimiser run as usual.

This is the most common use.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from ..workload import Arrays, Training, Workload
from .torch_compile import version
from .torch_like import Trained

__all__ = ["prepare", "version"]


def prepare(workload: Workload, arrays: Arrays, threads: int) -> Any:
    import torch
    import torch._inductor.config as inductor

    torch.set_num_threads(threads)
    if not isinstance(workload, Training):
        return None
    inductor.fallback_random = True  # eager's random numbers, so that losses are comparable
    torch._dynamo.reset()
    return Trained(torch, workload, arrays, partial(torch.compile, fullgraph=True))
