"""What a function does, as a trace found it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...core.handle import Handle
from ...core.storage import Storage
from ..ir.graph import Graph
from .joint import Joint
from .results import Ended


@dataclass(frozen=True)
class Capture:
    """A storage that the function read or wrote without being given it.

    `grad_of` says that it belonged to the `.grad` of that tensor, or of the argument at that place:
    it may be another one next time.
    """

    storage: Storage
    grad_of: Handle | int | None = None


@dataclass(frozen=True)
class Traced:
    """What a function does: a graph, and where its inputs come from and its outputs go.

    The graph's inputs are the arguments, then the captures; its outputs are the results, then the
    new values of what was written, then gradients for `.grad`.
    """

    graph: Graph
    captures: tuple[Capture, ...]
    results: Any  # what the function returned, with `Slot`s where tensors were
    result_count: int
    written: tuple[int, ...]  # places among the graph's inputs
    grads: tuple[Handle | int, ...]  # tensors, or places of arguments, whose `.grad` is made
    cleared: tuple[Handle | int, ...]  # the same, whose `.grad` is gone afterwards
    grads_wanted: tuple[tuple[Handle, bool], ...]  # whose `.grad` must (not) be there beforehand
    looked: tuple[tuple[Handle, Any], ...]  # captured tensors that Python read, and what
    joint: Joint | None = None  # how gradients go back through it, if results have a history
    past: tuple[Ended, ...] = ()  # that of results through which there is no way back

    @property
    def updates(self) -> list[tuple[int, int]]:
        """Which output takes the place of which input."""
        return [(self.result_count + k, i) for k, i in enumerate(self.written)]

    @property
    def is_steady(self) -> bool:
        """Whether, after a step, what it assumed of `.grad` still holds."""
        made, gone = {id(t) for t in self.grads}, {id(t) for t in self.cleared}
        return not any(id(t) in (gone if there else made) for t, there in self.grads_wanted)
