"""What a function returned: where its tensors go, and what they know of gradients.

A tensor that was there before, given or found, is returned itself. One that the function made is
new in every call; it is the same one wherever the function returned the same one. Its history ends
at the compiled function, and a backward pass that comes there says so: a gradient that is silently
missing would be the worst answer.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

from .._tensor.tensor import Tensor
from ..core.errors import AutogradError
from ..core.handle import Handle
from ..core.nodes import Hooks, Leaf
from ..core.storage import tick
from ..core.tape import history
from .ir import Var


@dataclass(frozen=True)
class Slot:
    """The place of a tensor in what a function returned.

    `index` is that of its numbers among the graph's outputs. `itself` is the tensor if it was
    there before, or its place among the arguments. `edge` makes the history of a new one.
    """

    index: int
    kind: type[Tensor] = Tensor
    itself: Handle | int | None = None
    edge: Callable[[Handle], Any] | None = None


class CompiledBackward:
    """The end of a history: what a compiled function computed has none to walk through."""

    __slots__ = ("__weakref__", "hooks", "name", "time", "what")

    def __init__(self, what: str) -> None:
        self.what = what
        self.name = "CompiledBackward"
        self.time = tick()
        self.hooks: Hooks | None = None

    @property
    def edges(self) -> tuple[Any, ...]:
        """Asked for by whoever walks on from here: that is the moment to refuse."""
        raise AutogradError(
            f"backward: this came out of {self.what}, a compiled function, which keeps no history "
            "to go back through; compile the whole step, with backward() in the function, or call "
            f"{self.what}.function, which is not compiled"
        )


class Results:
    """Collects the tensors of a result. `given` are the places of arguments, by their ids."""

    def __init__(
        self, name: str, given: dict[int, int], is_known: Callable[[Handle], bool]
    ) -> None:
        self.name, self.given, self.is_known = name, given, is_known
        self.found: list[Handle] = []
        self._slots: dict[int, Slot] = {}
        self._edge: CompiledBackward | None = None

    def take(self, value: Any) -> Any:
        """The same structure with slots where tensors were."""
        if isinstance(value, Handle):
            if self.is_known(value):
                return value  # from outside, and nothing was done with it
            if id(value) not in self._slots:
                self.found.append(value)
                self._slots[id(value)] = self._slot(value)
            return self._slots[id(value)]
        return mapped(self.take, value)

    def _slot(self, x: Any) -> Slot:
        index = len(self.found) - 1
        if id(x) in self.given:
            return Slot(index, type(x), itself=self.given[id(x)])
        if not is_traced(x):
            return Slot(index, type(x), itself=x)
        edge = history(x)
        if edge is None:
            return Slot(index, type(x))
        if type(edge) is Leaf:
            return Slot(index, type(x), edge=Leaf)
        self._edge = ended = self._edge or CompiledBackward(self.name)
        return Slot(index, type(x), edge=lambda _: ended)


def is_traced(x: Any) -> bool:
    """Whether a tensor was made while a function was traced."""
    return isinstance(x._value, Var)


def filled(
    structure: Any,
    tensors: Sequence[Any],
    arguments: Sequence[Any] | None = None,
    *,
    with_history: bool = True,
) -> Any:
    """What a function returns, with tensors in the places left for them.

    Those that were there before are returned themselves if the `arguments` are given; otherwise
    all are the new ones.
    """

    def fill(value: Any) -> Any:
        if not isinstance(value, Slot):
            return mapped(fill, value)
        if arguments is not None and value.itself is not None:
            is_given = isinstance(value.itself, int)
            return arguments[value.itself] if is_given else value.itself  # type: ignore[index]
        x = tensors[value.index]
        if with_history and value.edge is not None and x._edge is None:
            x._edge = value.edge(x)
        return x

    return fill(structure)


def mapped(function: Callable[[Any], Any], value: Any) -> Any:
    """The function applied to what is in a tuple, list or dictionary; other things as they are."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*[function(v) for v in value])
    if type(value) in (tuple, list):
        return type(value)(function(v) for v in value)
    if type(value) is dict:
        return {k: function(v) for k, v in value.items()}
    if type(value) in (OrderedDict, defaultdict):
        found = copy(value)
        found.update((k, function(v)) for k, v in value.items())
        return found
    return value
