"""What a function returned: where its tensors go, and what they know of gradients.

A tensor that was there before, given or found, is returned itself, and a view of it is a view of
it. One that the function made is new in every call; it is the same one wherever the function
returned the same one, and views of one memory share memory. Its history is an entry for the whole
function (see `back/`); where there is no way back, a backward pass that comes there says why: a
gradient that is silently missing would be the worst answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from ..._tensor.tensor import Tensor
from ...core.errors import AutogradError
from ...core.handle import Handle, Step, steps
from ...core.nodes import Hooks, Leaf
from ...core.storage import Storage, tick
from ...core.tape import base_of, history
from ..ir.graph import Var
from .structure import taken_apart

NAME = "CompiledFunctionBackward"  # of the entry of a compiled function, as in PyTorch


@dataclass(frozen=True, eq=False)
class Slot:
    """The place of a tensor in what a function returned.

    `index` is that of its numbers among the graph's outputs. `itself` is the tensor if it was
    there before, or its place among the arguments. `view` says how it sees memory that is not
    its own. `edge` is the number of a new one among those with a history; `Leaf` for a new leaf.
    """

    index: int
    kind: type[Tensor] = Tensor
    itself: Handle | int | None = None
    view: View | None = None
    edge: type[Leaf] | int | None = None


@dataclass(frozen=True, eq=False)
class View:
    """Memory seen through steps: an output's, or what was there before.

    `owner` is the storage, or the place of an argument that has it; None for the output with the
    slot's index. `base` is the tensor it is a view of, or its place; None for one without.
    """

    path: tuple[Step, ...]
    owner: Storage | int | None = None
    base: Handle | int | None = None


class Ended:
    """The end of a history: there is no way back through what a compiled function computed."""

    __slots__ = ("__weakref__", "hooks", "name", "time", "why")

    def __init__(self, why: str) -> None:
        self.why = why
        self.name = NAME
        self.time = tick()
        self.hooks: Hooks | None = None

    @property
    def edges(self) -> tuple[Any, ...]:
        """Asked for by whoever walks on from here: that is the moment to refuse."""
        raise AutogradError(self.why)


def no_way_back(name: str, why: str) -> str:
    """The text for a backward pass that comes to a function it cannot go back through."""
    return (
        f"backward: this came out of {name}, a compiled function through which there is no way "
        f"back ({why}); compile the whole step, with backward() in the function, or call "
        f"{name}.function, which is not compiled"
    )


class Results:
    """Collects the tensors of a result.

    `given` are the places of arguments by their ids, `storages` by their storages; `is_known` tells
    of a tensor that it is from outside and was not touched, `is_outside` of memory that it is not
    the function's own. What is `lost` has other numbers afterwards: what is returned of it is new.
    """

    def __init__(
        self,
        given: dict[int, int],
        storages: dict[Storage, int],
        is_known: Callable[[Handle], bool],
        is_outside: Callable[[Storage], bool],
        lost: Collection[Storage] = (),
    ) -> None:
        self.given, self.storages = given, storages
        self.is_known, self.is_outside, self.lost = is_known, is_outside, lost
        self.found: list[tuple[Handle, bool]] = []  # with whether all of its memory is wanted
        self.with_history: list[Handle] = []
        self._shared: dict[Storage, int] = {}  # memory of which several tensors are returned
        self._slots: dict[int, Slot] = {}

    def take(self, value: Any) -> Any:
        """The same structure with slots where tensors were."""
        met: dict[int, Handle] = {}
        taken_apart(value, lambda x: met.setdefault(id(x), x))
        users: dict[Storage, list[Handle]] = {}
        for x in met.values():
            if x._shared is not None and is_traced(x) and not self.is_outside(x._shared):
                users.setdefault(x._shared, []).append(x)
        for storage, several in users.items():
            # Of one number every step of `repeat` is kept, which has no views.
            is_number = storage.value.size == 1 and any(x._view for x in several)
            if len(several) > 1 and not is_number:
                self._shared[storage] = -1
        return taken_apart(value, self._taken)

    def _taken(self, x: Handle) -> Any:
        if self.is_known(x) and x._shared not in self.lost:
            return x  # from outside, and nothing was done with it
        if id(x) not in self._slots:
            self._slots[id(x)] = self._slot(x)
        return self._slots[id(x)]

    def _slot(self, x: Any) -> Slot:
        if id(x) in self.given:
            return Slot(self._index(x), type(x), itself=self.given[id(x)])
        if x._shared in self.lost:
            return Slot(self._index(x), type(x), edge=self._edge_of(x))
        if not is_traced(x):
            return Slot(self._index(x), type(x), itself=x)
        return Slot(self._index(x), type(x), view=self._view_of(x), edge=self._edge_of(x))

    def _index(self, x: Any) -> int:
        shared = self._shared.get(x._shared, len(self.found))
        if 0 <= shared < len(self.found):
            return shared
        if x._shared in self._shared:
            self._shared[x._shared] = len(self.found)
        self.found.append((x, x._shared in self._shared))
        return len(self.found) - 1

    def _view_of(self, x: Any) -> View | None:
        storage = x._shared
        if storage in self._shared:
            return View(steps(x._view))
        if storage is None or not self.is_outside(storage):
            return None
        base: Any = base_of(x)
        if base is x:
            base = None
        elif id(base) in self.given:
            base = self.given[id(base)]
        elif is_traced(base):
            base = None
        return View(steps(x._view), self.storages.get(storage, storage), base)

    def _edge_of(self, x: Any) -> type[Leaf] | int | None:
        edge = history(x)
        if edge is None or type(edge) is Leaf:
            return None if edge is None else Leaf
        self.with_history.append(x)
        return len(self.with_history) - 1


def is_traced(x: Any) -> bool:
    """Whether a tensor was made while a function was traced."""
    return isinstance(x._value, Var)
