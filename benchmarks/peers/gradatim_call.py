"""`gradatim.compile`: a whole step is one native program, called from Python once per step."""

from __future__ import annotations

from typing import Any

from ..workload import Arrays, Workload
from .torch_like import eager


def version() -> str:
    import gradatim

    if not hasattr(gradatim, "compile"):
        raise ImportError("this gradatim has no compile yet")
    return f"gradatim {gradatim.__version__}"


def prepare(workload: Workload, arrays: Arrays, threads: int) -> Any:
    import gradatim

    gradatim.set_num_threads(threads)
    running = eager(gradatim, workload, arrays)
    running.step = gradatim.compile(running.step)
    return running
