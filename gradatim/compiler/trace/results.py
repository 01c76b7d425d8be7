"""What a function returned: how its tensors are made anew in every call, and their histories.

A tensor that existed before, given or captured, is returned itself, and a view of it is a view of
it. A tensor that the function created is new in every call; it is the same object wherever the
function returned the same one, and views of one storage share memory. Its history is one entry for
the whole function (see `backward/`); if gradients cannot go back through it, a backward pass that
gets there raises an error that says why: a gradient that is silently missing would be worse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ...core.errors import AutogradError
from ...core.handle import Handle, Step, steps
from ...core.nodes import Hooks, Leaf
from ...core.storage import Storage, tick
from ...core.tape import base_of, history
from ..ir.graph import Var
from .states import State
from .structure import filled_in, taken_apart

NAME = "CompiledFunctionBackward"  # of a compiled function's tape entry, as in PyTorch


@dataclass(frozen=True, eq=False)
class Slot:
    """The place of a tensor in what a function returned.

    `index` is that of its values among the graph's outputs. `itself` is the tensor if it existed
    before, or its position among the arguments, or the state that it was. `view` is set if it is a
    view of memory that is not its own. `edge` numbers new tensors with a history; it is `Leaf` for
    a new leaf. What stands for a Python number is turned `into_number`.
    """

    index: int
    itself: Handle | int | State | None = None
    view: View | None = None
    edge: type[Leaf] | int | None = None
    into_number: bool = False

    @property
    def is_new(self) -> bool:
        """Whether it shares nothing with any other tensor."""
        return self.itself is None and self.view is None


@dataclass(frozen=True, eq=False)
class View:
    """A view: steps applied to the memory of an output, an argument or a captured tensor.

    `owner` is the storage, or the position of the argument that has it, or the state that had it;
    None for the output with the slot's index. `base` is the tensor it is a view of, or its
    position, or the state, if there is one.
    """

    path: tuple[Step, ...]
    owner: Storage | int | State | None = None
    base: Handle | int | State | None = None


class Ended:
    """The end of a history: gradients cannot go back through a compiled function."""

    __slots__ = ("__weakref__", "hooks", "name", "time", "why")

    def __init__(self, why: str) -> None:
        self.why = why
        self.name = NAME
        self.time = tick()
        self.hooks: Hooks | None = None

    @property
    def edges(self) -> tuple[Any, ...]:
        """Read by a walk that goes on from here, which is refused."""
        raise AutogradError(self.why)


def no_way_back(name: str, why: str) -> str:
    """The message of a backward pass through a function that gradients cannot go back through."""
    return (
        f"backward: this is a result of {name}, a compiled function that gradients cannot go back "
        f"through ({why}); compile the whole step, with backward() in the function, or call "
        f"{name}.function, which is not compiled"
    )


class Results:
    """Collects the tensors of a result.

    `given` are the positions of arguments by id, `storages` by storage; `is_known` says whether a
    tensor existed before and is unchanged, `is_outside` whether memory is not the function's own.
    On the memory of `states` is what their places held when the call began.
    """

    def __init__(
        self,
        given: dict[int, int],
        storages: dict[Storage, int],
        is_known: Callable[[Handle], bool],
        is_outside: Callable[[Storage], bool],
        states: Mapping[Storage, State] = MappingProxyType({}),
    ) -> None:
        self.given, self.storages = given, storages
        self.is_known, self.is_outside, self.states = is_known, is_outside, states
        self.found: list[tuple[Handle, bool]] = []  # with whether its whole storage is an output
        self.with_history: list[Handle] = []
        self._shared: dict[Storage, int] = {}  # storages of several returned tensors: output index
        self._slots: dict[int, Slot] = {}

    def take(self, value: Any) -> Any:
        """The same structure with slots in place of tensors."""
        met: dict[int, Handle] = {}
        taken_apart(value, lambda x: met.setdefault(id(x), x))
        users: dict[Storage, list[Handle]] = {}
        for x in met.values():
            if x._shared is not None and is_traced(x) and not self.is_outside(x._shared):
                users.setdefault(x._shared, []).append(x)
        for storage, several in users.items():
            # `repeat` stacks outputs of one element, and a stack has no views.
            is_number = storage.value.size == 1 and any(x._view for x in several)
            if len(several) > 1 and not is_number:
                self._shared[storage] = -1
        return taken_apart(value, self._taken)

    def _taken(self, x: Handle) -> Any:
        if self.is_known(x) and x._shared not in self.states:
            return x  # existed before, and nothing was done with it
        if id(x) not in self._slots:
            self._slots[id(x)] = self._slot(x)
        return self._slots[id(x)]

    def _slot(self, x: Any) -> Slot:
        if x._is_number:
            return Slot(self._index(x), itself=self._itself(x), into_number=True)
        if (itself := self._itself(x)) is not None:
            return Slot(self._index(x), itself=itself)
        return Slot(self._index(x), view=self._view_of(x), edge=self._edge_of(x))

    def _itself(self, x: Any) -> Handle | int | State | None:
        if id(x) in self.given:
            return self.given[id(x)]
        state = self.states.get(x._shared)
        if state is not None:
            return state if x is state.memory else None
        return None if is_traced(x) else x

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
        if storage not in self.states and (storage is None or not self.is_outside(storage)):
            return None
        base: Any = base_of(x)
        if base is x:
            base = None
        elif id(base) in self.given:
            base = self.given[id(base)]
        elif is_traced(base):
            base = None
        elif base._shared in self.states:
            base = self.states[base._shared]
        owner = self.states.get(storage) or self.storages.get(storage, storage)
        return View(steps(x._view), owner, base)

    def _edge_of(self, x: Any) -> type[Leaf] | int | None:
        edge = history(x)
        if edge is None or type(edge) is Leaf:
            return None if edge is None else Leaf
        self.with_history.append(x)
        return len(self.with_history) - 1


def indices(structure: Any) -> list[int]:
    """The outputs that the slots of a structure stand for, in order."""
    found: list[int] = []
    filled_in(structure, Slot, lambda slot: found.append(slot.index))
    return found


def is_traced(x: Any) -> bool:
    """Whether a tensor was created while a function was traced."""
    return isinstance(x._value, Var)
