"""The record of what a function does, made by a trace."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...core.handle import Handle
from ...core.storage import Storage
from ..guards.held import is_number
from ..ir.graph import Graph
from .assigned import Effect, Kept
from .joint import Joint
from .results import Ended, Slot, indices
from .states import State
from .structure import tensors_in


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
    written: tuple[int, ...] = ()  # positions among the graph's inputs
    # Tensors, or positions of arguments, that get a new `.grad`, and those whose is removed.
    grads: tuple[Handle | int, ...] = ()
    cleared: tuple[Handle | int, ...] = ()
    grads_wanted: tuple[tuple[Handle, bool], ...] = ()  # whose `.grad` must (not) be present before
    # Captured tensors that Python read, and their values.
    looked: tuple[tuple[Handle, Any], ...] = ()
    joint: Joint | None = None  # the backward pass, if results have a history
    past: tuple[Ended, ...] = ()  # ends of the results' histories, if there is no backward pass
    kept: tuple[Kept, ...] = ()  # assigned to attributes, items and variables after every call
    states: tuple[State, ...] = ()  # read before every call, and some written after it

    @property
    def updates(self) -> list[tuple[int, int]]:
        """(output, input) positions that share memory: the output overwrites the input."""
        return [(self.result_count + k, i) for k, i in enumerate(self.written)]

    @cached_property
    def is_all_new(self) -> bool:
        """Whether all that it returns and assigns are single new tensors and constants."""
        found = [self.results, *[k.value for k in self.kept]]
        return all(x.is_new if type(x) is Slot else is_number(x) for x in found)

    @cached_property
    def is_single(self) -> bool:
        """Whether it does nothing but return a single new tensor."""
        is_one = self.is_all_new and type(self.results) is Slot and not self.results.into_number
        return is_one and not self.kept and not self.states

    def state_inputs(self) -> list[int]:
        """The positions of the states' memory among the graph's inputs."""
        memory = {s.memory._storage for s in self.states}
        given = len(self.graph.inputs) - len(self.captures)
        return [i for i, c in enumerate(self.captures, given) if c.storage in memory]

    @property
    def returned_count(self) -> int:
        """How many of the results the function returned: they come first."""
        return max(indices(self.results), default=-1) + 1

    @property
    def is_steady(self) -> bool:
        """Whether its assumptions still hold after a step that it has done itself."""
        made, gone = {id(t) for t in self.grads}, {id(t) for t in self.cleared}
        is_other = any(id(t) in (gone if there else made) for t, there in self.grads_wanted)
        if is_other or not all(s.is_small for s in self.states):
            return False
        return all(k.effect is Effect.OVERWRITES for k in self.kept)

    def has_made(self) -> bool:
        """Whether a call has assigned what the next one does not find as this one did."""
        made = (k for k in self.kept if k.effect is Effect.MAKES)
        return any(k.entry.now() is k.value or tensors_in(k.entry.now()) for k in made)
