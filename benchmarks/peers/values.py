"""Networks of scalars in plain Python: the code shared by micrograd and gradatim.scalar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..workload import Arrays, Workload
from ..workloads import scalar


class Network:
    """A network of scalars whose weights are restored by each reset."""

    def __init__(self, net: Any, arrays: Arrays) -> None:
        self.net = net
        prefix = "parameter."
        self.start = scalar.values_of({name.removeprefix(prefix): a for name, a in arrays.items()})

    def reset(self) -> None:
        for parameter, start in zip(self.net.parameters(), self.start, strict=True):
            parameter.data = start

    def run(self, steps: int) -> int:
        for _ in range(steps):
            scalar.step_of_values(self.net)
        return steps

    def outcome(self, steps: int) -> np.ndarray:
        return np.array([scalar.step_of_values(self.net).data for _ in range(steps)])


def prepare(make: Callable[[], Any], workload: Workload, arrays: Arrays) -> Network | None:
    """The `scalar` workload; networks of scalars do not take part in the others."""
    return Network(make(), arrays) if workload is scalar.WORKLOAD else None
