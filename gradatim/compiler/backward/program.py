"""The compiled backward pass: gradients of a function's sources from those of its results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ...core.handle import wrap
from ...core.storage import Storage
from ..guards.check import Guards
from ..pipeline.compiled import compiled_of
from ..runtime.binding import Binding
from ..trace.traced import Traced
from .partition import Back


class Backward:
    """A compiled backward graph."""

    def __init__(self, back: Back) -> None:
        self.back, self.turn = back, 0
        graph, captures = back.graph, back.captures
        traced = Traced(graph, captures, results=None, result_count=len(graph.outputs))
        self._binding = Binding(traced, compiled_of(traced), Guards(()))
        times = Counter(back.leave.values())
        # The sources whose gradient is shared with no other source.
        self.own = frozenset(i for i, k in back.leave.items() if times[k] == 1)

    def storages(self, handed_over: Sequence[Any]) -> list[Storage]:
        """The memory that it reads, without the incoming gradients."""
        handed = [handed_over[n]._storage for n in self.back.needs]
        return handed + [c.storage for c in self.back.captures]

    def run(self, gradients: Sequence[Any], handed_over: Sequence[Any]) -> dict[int, Any]:
        """The gradients of the sources, by source number, from those of the results."""
        binding = self._binding
        inputs = [*gradients, *(handed_over[n] for n in self.back.needs)]
        with binding.lock:
            outputs = [wrap(a) for a in binding.run(inputs)]
            binding.inputs.forget_arguments()
        return {i: outputs[k] for i, k in self.back.leave.items()}
