"""The record of what a function does, made by a trace."""

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

    `grad_of` is the tensor, or the position of the argument, whose `.grad` it was: that may be
    another tensor in the next call.
    """

    storage: Storage
    grad_of: Handle | int | None = None


@dataclass(frozen=True)
class Traced:
    """What a function does: a graph, where its inputs come from and where its outputs go.

    The graph's inputs are the arguments, then the captures; its outputs are the results, then the
    new values of what was written, then gradients for `.grad`.
    """

    graph: Graph
    captures: tuple[Capture, ...]
    results: Any  # what the function returned, with `Slot`s in place of tensors
    result_count: int
    written: tuple[int, ...]  # positions among the graph's inputs
    grads: tuple[Handle | int, ...]  # tensors, or positions of arguments, that get a new `.grad`
    cleared: tuple[Handle | int, ...]  # likewise, whose `.grad` is removed
    grads_wanted: tuple[tuple[Handle, bool], ...]  # whose `.grad` must (not) be present before
    looked: tuple[tuple[Handle, Any], ...]  # captured tensors that Python read, and their values
    joint: Joint | None = None  # the backward pass, if results have a history
    past: tuple[Ended, ...] = ()  # ends of the results' histories, if there is no backward pass

    @property
    def updates(self) -> list[tuple[int, int]]:
        """(output, input) positions that share memory: the output overwrites the input."""
        return [(self.result_count + k, i) for k, i in enumerate(self.written)]

    @property
    def is_steady(self) -> bool:
        """Whether, after a step, its assumptions on `.grad` still hold."""
        made, gone = {id(t) for t in self.grads}, {id(t) for t in self.cleared}
        return not any(id(t) in (gone if there else made) for t, there in self.grads_wanted)
