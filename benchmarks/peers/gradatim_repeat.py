"""`program.repeat(n)` of `gradatim.compile`: n steps per call, with batches drawn natively."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..workload import Arrays, Training, Workload
from .gradatim_call import version
from .torch_like import Computed, Trained

__all__ = ["prepare", "version"]


class RepeatedTraining(Trained):
    """A training whose steps run in one call."""

    def run(self, steps: int) -> int:
        self.step.repeat(steps)  # type: ignore[attr-defined]
        return steps

    def outcome(self, steps: int) -> np.ndarray:
        return np.array(self.step.repeat(steps))  # type: ignore[attr-defined]


class RepeatedKernel(Computed):
    """A kernel that runs many times in one call."""

    def run(self, steps: int) -> int:
        self.step.repeat(steps)  # type: ignore[attr-defined]
        return steps


def prepare(workload: Workload, arrays: Arrays, threads: int) -> Any:
    import gradatim

    gradatim.set_num_threads(threads)
    kind: Any = RepeatedTraining if isinstance(workload, Training) else RepeatedKernel
    running = kind(gradatim, workload, arrays)
    running.step = gradatim.compile(running.step)
    return running
