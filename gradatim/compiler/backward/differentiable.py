"""A compiled function that gradients flow back through: two native programs for one function.

The first computes the function and leaves what the backward pass needs with the entry that it
makes on the tape. The second is compiled when a gradient first reaches that entry, and gives the
gradients of the tensors the function was given or captured, where the tape continues.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ...core.context import local
from ...core.errors import AutogradError
from ...core.handle import alias, wrap
from ...core.inplace import replace_history
from ...core.nodes import Hooks, Output, check_for_nan, freed, overwritten
from ...core.storage import Storage, tick
from ...core.tape import history
from ..guards.check import Guards
from ..pipeline.compiled import compiled_of
from ..runtime.binding import Binding
from ..runtime.lock import STATE
from ..runtime.returned import assigned_and_returned
from ..trace.joint import Joint, Source
from ..trace.results import NAME, Ended
from ..trace.traced import Traced
from .partial_gradients import with_partial_gradients
from .partition import partition
from .program import Backward

if TYPE_CHECKING:
    from ...core.backward import PendingGradients


WAYS = 8  # backward programs kept, one for each set of results that received gradients


class DifferentiableBinding(Binding):
    """The program of a function whose results carry history."""

    def __init__(
        self, traced: Traced, joint: Joint, guards: Guards, called: Sequence[str], name: str
    ) -> None:
        parts = partition(traced, joint)
        super().__init__(parts.forward, compiled_of(parts.forward), guards, called)
        self.whole, self.joint, self.kept = traced, joint, parts.kept
        self.grads_kept = [
            k.index for k in parts.kept if not k.is_output and k.index >= self.inputs.given
        ]
        self.back, self.backs = parts.back, dict[tuple[int, ...], Backward]()
        self.turns = 0
        behind = joint.behind
        self.in_turn = sorted(range(len(behind)), key=lambda k: len(behind[k]))
        self.returned = len(behind) - len(joint.written)  # results that are new tensors
        self.is_single = len(behind) == 1 and not joint.written
        self.no_second = (
            f"backward: this is the gradient of a gradient that came through {name}, a compiled "
            "function, which has only first gradients; compile the function that asks for both, or "
            f"call {name}.function, which is not compiled"
        )
        self.no_path = (
            f"backward: {name}, a compiled function, computed one of its results from another, and "
            "that one has a hook, or its gradient is asked for; gradients go past it, to what the "
            f"function was given: ask for it in the function, or call {name}.function, which is "
            "not compiled"
        )

    @cached_property
    def _plain(self) -> Binding:
        return Binding(self.whole, compiled_of(self.whole), self.guards, self.called)

    def plain(self) -> Binding:
        """The program without a backward pass."""
        with self.lock:
            return self._plain

    def way(self, there: tuple[int, ...]) -> Backward:
        """The backward program for gradients that arrive at these results."""
        known = self.backs.get(there)
        if known is None:
            with self.lock:
                known = self.backs.get(there) or self._new_way(there)
        known.turn = self.turns = self.turns + 1
        return known

    def _new_way(self, there: tuple[int, ...]) -> Backward:
        """Compile another backward program, evicting the least recently used one if necessary."""
        reach = frozenset[int]().union(*(self.joint.reach[k] for k in there))
        new = Backward(with_partial_gradients(self.back, there, reach))
        ways = dict(self.backs)
        while len(ways) >= WAYS:
            del ways[min(ways, key=lambda k: ways[k].turn)]
        self.backs = {**ways, there: new}
        return new

    def _one_step(
        self, tensors: Sequence[Any], outputs: list[Any], before: Callable[[], None] | None
    ) -> tuple[Entry, list[Any]]:
        """Run one step: its tape entry, and its outputs as tensors.

        The history of the sources and the identity of each `.grad` are read before the step
        changes them.
        """
        with STATE:
            edges = [None if x is None else history(x) for x in self._sources(tensors)]
            grads = [self.inputs.storage(i, tensors) for i in self.grads_kept]
        arrays = super()._one_step(tensors, outputs, before)
        wrapped = [None if a is None else wrap(a) for a in arrays]
        return Entry(self, edges, self._handed_over(tensors, wrapped, iter(grads))), wrapped

    def finish(  # type: ignore[override]
        self, traced: Traced, done: tuple[Entry, list[Any]], tensors: Sequence[Any]
    ) -> Any:
        """The result of the function, with histories that begin at the entry."""
        entry, outputs = done
        past = [entry] if self.is_single else self._past(entry, tensors)
        return assigned_and_returned(traced, outputs, tensors, past)

    def _past(self, entry: Entry, tensors: Sequence[Any]) -> Sequence[Any]:
        """The histories of the results; a tensor that the function wrote gets its new one.

        Results that depend on fewer others come first. A later result has the history that a
        written tensor has then as its edge, so that hooks on it, or requests for it, are seen.
        """
        joint, count = self.joint, len(self.joint.behind)
        past: list[Any] = [None] * count
        seen = past.copy()
        for k in self.in_turn:
            behind = [seen[j] for j in joint.behind[k]]
            edge: Any = entry
            if count > 1:
                edge = Result(entry, k, behind) if behind else Output(entry, k)
            past[k] = seen[k] = edge
            x = _tensor(joint.written[k - count], tensors) if k >= self.returned else None
            if x is not None:
                new = alias(x._value, x._storage)
                new._edge = edge
                replace_history(x, new, derived=True)
                seen[k] = history(x)
        return past

    def _sources(self, tensors: Sequence[Any]) -> list[Any]:
        return [_tensor(source, tensors) for source in self.joint.sources]

    def _handed_over(
        self, tensors: Sequence[Any], found: Sequence[Any], grads: Iterator[Storage]
    ) -> list[Any]:
        """The tensors that the backward pass needs."""
        handed: list[Any] = []
        for k in self.kept:
            if k.is_output or k.index < self.inputs.given:
                x = found[k.index] if k.is_output else tensors[k.index]
                handed.append(alias(x._value, x._storage))
            else:
                storage = next(grads)
                handed.append(alias(storage.value, storage))
        return handed


def _tensor(source: Source, tensors: Sequence[Any]) -> Any:
    return tensors[source] if isinstance(source, int) else source()


class Result(Output):
    """One of several results, with those that the function computed it from as further edges.

    A walk that wants one of those therefore comes through here, where it is refused: the program
    sends gradients straight to its sources, past all other results.
    """

    __slots__ = ("behind",)

    def __init__(self, entry: Entry, index: int, behind: list[Any]) -> None:
        super().__init__(entry, index)
        self.behind = behind

    @property
    def edges(self) -> tuple[Any, ...]:
        """The call, and the other results."""
        return (self.node, *self.behind)

    def visit(self, gradient: Any, pending: PendingGradients, *, fresh: bool) -> None:
        """Pass on the gradient; an error if the gradient of another result behind it is wanted."""
        if any(other.hooks or other in pending.wanted for other in self.behind):
            raise AutogradError(self.node.through.no_path)
        super().visit(gradient, pending, fresh=fresh)


class Entry:
    """The tape entry of one call: where its history continues, and what was saved."""

    __slots__ = ("__weakref__", "edges", "handed_over", "hooks", "through", "time")

    name = NAME

    def __init__(
        self, through: DifferentiableBinding, edges: list[Any], handed_over: list[Any]
    ) -> None:
        self.through, self.edges = through, edges
        self.handed_over: list[Any] | None = handed_over
        self.hooks: Hooks | None = None
        self.time = tick()

    @property
    def output_count(self) -> int:
        """How many gradients can arrive."""
        return len(self.through.joint.reach)

    def visit(self, gradient: Any, pending: PendingGradients, *, fresh: bool) -> None:
        """Run the backward program and send on its results."""
        arrived = gradient if type(gradient) is list else [gradient]
        there = tuple([k for k, g in enumerate(arrived) if g is not None])
        through = self.through
        back = through.way(there)
        results = back.run([g for g in arrived if g is not None], self._checked(back))
        if local.context.anomaly:
            check_for_nan(NAME, None, results.items())
        for i, new in results.items():
            if pending.create_graph:
                new._edge = Ended(through.no_second)
            pending.add(self.edges[i], new, fresh=i in back.own)
        if not pending.retain_graph and (back.back.needs or back.back.captures):
            self.handed_over = None

    def _checked(self, back: Backward) -> list[Any]:
        """What was saved; an error if it was freed or overwritten."""
        handed_over = self.handed_over
        if handed_over is None:
            raise AutogradError(freed(NAME))
        for storage in back.storages(handed_over):
            if storage.written > self.time:
                raise AutogradError(
                    overwritten(NAME, f"a tensor of shape {[*storage.value.shape]}")
                )
        return handed_over
