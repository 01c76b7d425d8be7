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

import numpy as np

from ..._tensor.number import Number
from ...core.changes import DICTS
from ...core.handle import Handle
from ...core.storage import Storage
from ...core.tape import history
from ..guards.assignments import Assignment, Entry, Itself, parts_of
from ..guards.held import MISSING, differs, is_number, short
from .results import is_traced
from .states import NUMBERS, State, can_be_state
from .structure import tensors_in


class Effect(Enum):
    """What an assignment does to the next call."""

    MAKES = auto()  # it finds tensors where this call found none
    REPLACES = auto()  # it finds other tensors than those that this call read
    OVERWRITES = auto()  # nothing: what is replaced was not read, or is a state
    APPENDS = auto()  # nothing, but no assignment of a later call undoes it


@dataclass(frozen=True, eq=False)
class Kept:
    """An assignment that is done again after every call.

    `value` is what is assigned, with `Slot`s in place of tensors. `could_be` are places that could
    be states: it replaces tensors that were read by others of their kind, or a number by another.
    """

    entry: Entry
    value: Any
    effect: Effect
    could_be: tuple[Entry, ...]
    was: Any  # what was there before, described


class TraceAgain(Exception):
    """The trace has to be repeated, with these places as states, or with those as any others."""

    def __init__(self, states: Sequence[Entry] = (), others: Sequence[Entry] = ()) -> None:
        self.states, self.others = states, others


@dataclass(frozen=True, eq=False)
class Assigned:
    """What a function assigned, and assigns again after every call; new values of its states.

    A state that it only reads has no new value.
    """

    states: tuple[State, ...]
    values: dict[int, Handle]  # by the id of the state
    again: tuple[Assignment, ...]
    effects: tuple[Effect, ...]

    def by_storage(self) -> dict[Storage, State]:
        """The states, by their memory."""
        return {s.memory._storage: s for s in self.states}

    def new_states(self) -> list[tuple[Handle, Handle]]:
        """The memory of states, with their new values."""
        return [(s.memory, self.values[id(s)]) for s in self.states if s.is_written]

    def kept(self, values: Iterable[Any]) -> tuple[Kept, ...]:
        """What is assigned again, with these values."""
        rows = zip(self.again, values, self.effects, strict=True)
        return tuple(
            Kept(a.target(), v, e, tuple(_could_be(a, e)), described(a.was)) for a, v, e in rows
        )


def sorted_out(
    found: Iterable[Assignment], states: Sequence[State], is_read: Callable[[Handle], bool]
) -> Assigned:
    """Sort assignments; `is_read` says whether the function read a tensor."""
    by_memory = {id(s.memory): s for s in states}
    values: dict[int, Handle] = {}
    again, effects = [], []
    for a in found:
        pairs = _pairs(a.was, a.now)
        known = [(by_memory.get(id(was)), was, now) for was, now in pairs]
        if pairs and all(s is not None and _fits(was, now) for s, was, now in known):
            effects.append(Effect.OVERWRITES)
            for state, _, now in known:
                assert state is not None
                state.is_written = True
                values[id(state)] = now
        elif len(pairs) > 1 and (some := [s.entry for s, _, _ in known if s is not None]):
            raise TraceAgain(others=some)  # all items of a container are states, or none
        else:
            effects.append(_effect(a, is_read))
        again.append(a)
    return Assigned(tuple(states), values, tuple(again), tuple(effects))


def _pairs(was: Any, now: Any) -> list[tuple[Any, Any]]:
    """The tensors of a value with those that replace them; none if the two are not alike."""
    if isinstance(was, Handle):
        return [(was, now)]
    if type(was) not in (list, tuple, *DICTS) or not _is_alike(was, now):
        return []
    items = was.items() if isinstance(was, dict) else enumerate(was)
    return [(x, now[key]) for key, x in items if isinstance(x, Handle)]


def _could_be(a: Assignment, effect: Effect) -> Iterable[Entry]:
    if effect is not Effect.REPLACES:
        return [a.entry] if _is_number_by_another(a) else []
    pairs = _pairs(a.was, a.now)
    if not pairs or not all(_fits(was, now) for was, now in pairs):
        return []
    if isinstance(a.was, Handle):
        return [a.entry]
    return [p for p in parts_of(a.entry, a.was) if isinstance(a.was[p.key], Handle)]


def _is_number_by_another(a: Assignment) -> bool:
    return type(a.was) in NUMBERS and can_be_state(a.was) and _kind(a.now) is type(a.was)


def _kind(x: Any) -> type:
    """The type of a value, that of a number for what stands for one."""
    return type(np.zeros((), x._value.dtype).item()) if isinstance(x, Number) else type(x)


def again(states: Sequence[State], now: Any, existed: bool) -> Any:
    """What later calls assign in place of a value; MISSING if it is an object made by this one.

    A number, what holds tensors, and a new container of such are made anew.
    """
    memory = {id(s.memory) for s in states}
    if existed and not any(is_traced(x) or id(x) in memory for x in tensors_in(now)):
        return Itself(now)
    return now if _is_made_anew(now) else MISSING


def _is_made_anew(value: Any) -> bool:
    if type(value) in (list, tuple):
        return all(map(_is_made_anew, value))
    if type(value) in DICTS:
        return all(map(_is_made_anew, value.values()))
    return is_number(value) or bool(tensors_in(value))


def _fits(was: Any, now: Any) -> bool:
    """Whether a tensor can be the next state."""
    if not isinstance(was, Handle) or not isinstance(now, Handle):
        return False
    alike = was._type == now._type and was._is_number is now._is_number
    return alike and history(was) is None and history(now) is None


def _effect(a: Assignment, is_read: Callable[[Handle], bool]) -> Effect:
    if a.appends:
        return Effect.APPENDS
    if not _is_alike(a.was, a.now):
        return Effect.MAKES
    return Effect.REPLACES if any(map(is_read, tensors_in(a.was))) else Effect.OVERWRITES


@dataclass(frozen=True)
class Kind:
    """What a tensor is like: its shape and dtype, and whether it has a history."""

    type: Any
    has_history: bool


def described(value: Any) -> Any:
    """A value with its tensors' kinds in place of them."""
    if isinstance(value, Handle):
        return Kind(value._type, history(value) is not None)
    if type(value) in (list, tuple):
        return type(value)(map(described, value))
    if type(value) in DICTS:
        return {k: described(v) for k, v in value.items()}
    return value


class Alike:
    """A guard of what a call overwrites: a value like the one it found; or, without one, any."""

    def __init__(self, was: Any) -> None:
        self.was = was

    def condition(self, value: str, name: Any) -> str:
        """Something that is not alike."""
        return "False" if self.was is None else f"not {name(self.same)}({value})"

    def same(self, value: Any) -> bool:
        """Whether it differs in its tensors' numbers only."""
        return self.was is None or _is_alike(self.was, described(value))

    def told(self, path: str, value: Any) -> str:
        """What is there now."""
        return f"{path} changed to {short(value)} of another type, shape or history"


def _is_alike(was: Any, now: Any) -> bool:
    """Whether two values differ in their tensors only."""
    if isinstance(was, Kind):
        return isinstance(now, Kind) and was == now
    if isinstance(was, Handle):
        return isinstance(now, Handle)
    if type(was) is not type(now):
        return False
    if type(was) in (list, tuple):
        return len(was) == len(now) and all(map(_is_alike, was, now))
    if type(was) in DICTS:
        return list(was) == list(now) and all(map(_is_alike, was.values(), now.values()))
    return was is now or (is_number(was) and not differs(was, now))
