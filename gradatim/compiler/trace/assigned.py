"""Tensors that a function assigns to attributes, items and variables: `self.out = x`.

A trace runs Python once, so its assignments are undone, and done again after every call with what
the call computed. What the function does not read in its next call needs no more than that; what it
reads and replaces is a state (`states.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from ...core.changes import DICTS
from ...core.handle import Handle
from ...core.storage import Storage
from ...core.tape import history
from ..guards.assignments import Assignment, Entry
from ..guards.held import differs, is_number
from .states import NUMBERS, State
from .structure import tensors_in


class Effect(Enum):
    """What an assignment does to the next call."""

    MAKES = auto()  # it finds tensors where this call found none
    REPLACES = auto()  # it finds other tensors than those that this call read
    OVERWRITES = auto()  # nothing: what is replaced was not read
    APPENDS = auto()  # nothing, but no assignment of a later call undoes it


@dataclass(frozen=True, eq=False)
class Kept:
    """An assignment that is done again after every call.

    `value` is what is assigned, with `Slot`s in place of tensors. `could_be_state` is set if it
    replaces a tensor that was read by one of its kind, or a number by another.
    """

    entry: Entry
    value: Any
    effect: Effect
    could_be_state: bool


class TraceAgain(Exception):
    """The trace has to be repeated, with these places as states, or with those as any others."""

    def __init__(self, states: Sequence[Entry] = (), others: Sequence[Entry] = ()) -> None:
        self.states, self.others = states, others


@dataclass(frozen=True, eq=False)
class Assigned:
    """What a function assigned: new values of states, and what is assigned again after a call.

    A state that it only reads has no new value.
    """

    states: tuple[State, ...]
    values: dict[int, Handle]  # by the id of the state
    again: tuple[Assignment, ...]
    effects: tuple[Effect, ...]

    @property
    def overwritten(self) -> frozenset[Storage]:
        """The memory of states: what is returned of it is copied."""
        return frozenset(s.memory._storage for s in self.states)

    def new_states(self) -> list[tuple[Handle, Handle]]:
        """The memory of each state and its new value, which may be the old one."""
        return [(s.memory, self.values.get(id(s), s.memory)) for s in self.states]

    def kept(self, values: Iterable[Any]) -> tuple[Kept, ...]:
        """What is assigned again, with these values."""
        rows = zip(self.again, values, self.effects, strict=True)
        return tuple(Kept(a.target(), v, e, _could_be_state(a, e)) for a, v, e in rows)


def sorted_out(
    found: Iterable[Assignment], states: Sequence[State], is_read: Callable[[Handle], bool]
) -> Assigned:
    """Sort assignments; `is_read` says whether the function read a tensor."""
    by_memory = {id(s.memory): s for s in states}
    values: dict[int, Handle] = {}
    again, effects = [], []
    for a in found:
        state = by_memory.get(id(a.was))
        if state is not None and _fits(a.was, a.now):
            state.is_written = True
            values[id(state)] = a.now
        else:
            again.append(a)
            effects.append(_effect(a, is_read))
    return Assigned(tuple(states), values, tuple(again), tuple(effects))


def _could_be_state(a: Assignment, effect: Effect) -> bool:
    if effect is Effect.REPLACES:
        return _fits(a.was, a.now)
    return type(a.was) in NUMBERS and type(a.now) is type(a.was)


def is_repeatable(now: Any) -> bool:
    """Whether a value can be assigned again: it holds tensors, or is a constant."""
    return is_number(now) or bool(tensors_in(now))


def _fits(was: Any, now: Any) -> bool:
    """Whether a tensor can be the next state."""
    if not isinstance(was, Handle) or not isinstance(now, Handle):
        return False
    return was._type == now._type and history(was) is None and history(now) is None


def _effect(a: Assignment, is_read: Callable[[Handle], bool]) -> Effect:
    if a.appends:
        return Effect.APPENDS
    if not _is_alike(a.was, a.now):
        return Effect.MAKES
    return Effect.REPLACES if any(map(is_read, tensors_in(a.was))) else Effect.OVERWRITES


def _is_alike(was: Any, now: Any) -> bool:
    """Whether two values differ in their tensors only."""
    if isinstance(was, Handle):
        return isinstance(now, Handle)
    if type(was) is not type(now):
        return False
    if type(was) in (list, tuple):
        return len(was) == len(now) and all(map(_is_alike, was, now))
    if type(was) in DICTS:
        return list(was) == list(now) and all(map(_is_alike, was.values(), now.values()))
    return was is now or (is_number(was) and not differs(was, now))
