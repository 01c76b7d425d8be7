"""`gradatim.compile` of a step on Values: straight-line machine code, many steps per call."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..workload import Arrays, Workload
from ..workloads import scalar
from .gradatim_call import version
from .gradatim_value import prepare as prepare_values

__all__ = ["prepare", "version"]


class Repeated:
    """A network of scalars whose steps run in one call."""

    def __init__(self, network: Any) -> None:
        import gradatim

        self.reset = network.reset
        self.program = gradatim.compile(lambda: scalar.step_of_values(network.net))

    def run(self, steps: int) -> int:
        self.program.repeat(steps)
        return steps

    def outcome(self, steps: int) -> np.ndarray:
        return np.array(self.program.repeat(steps))


def prepare(workload: Workload, arrays: Arrays, threads: int) -> Any:
    network = prepare_values(workload, arrays, threads)
    return None if network is None else Repeated(network)
