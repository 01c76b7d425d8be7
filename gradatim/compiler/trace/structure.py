"""What a function returned, taken apart into its tensors and rebuilt for every call.

Tuples, lists and dictionaries (of any class) are rebuilt each time. Objects, such as dataclasses
and modules, are copied if they hold a tensor that the function created; others are returned
themselves.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from types import FunctionType, MemberDescriptorType, SimpleNamespace
from typing import Any

from ...core.changes import DICTS
from ...core.handle import Handle
from ..code_owner import is_librarys, is_users
from ..guards.assignments import Itself


@dataclass(frozen=True)
class Object:
    """An object some of whose fields are replaced each time."""

    like: Any
    fields: Mapping[str, Any]


def taken_apart(value: Any, take: Callable[[Handle], Any]) -> Any:
    """The same structure with the results of `take` in place of tensors."""
    return _Taking(take).structure(value)


def tensors_in(value: Any) -> list[Handle]:
    """The tensors in a structure."""
    tensors: list[Handle] = []

    def take(x: Handle) -> Handle:
        tensors.append(x)
        return x

    taken_apart(value, take)
    return tensors


class _Taking:
    def __init__(self, take: Callable[[Handle], Any]) -> None:
        self.take = take
        # By id, since it may come again: a value, which is kept alive, and its structure.
        self.made: dict[int, tuple[Any, Any]] = {}

    def structure(self, value: Any) -> Any:
        if isinstance(value, Handle):
            return self.take(value)
        if type(value) is Itself:
            return value
        if id(value) not in self.made:
            self.made[id(value)] = value, value  # an object may refer to itself
            self.made[id(value)] = value, self._new(value)
        return self.made[id(value)][1]

    def _new(self, value: Any) -> Any:
        if isinstance(value, tuple | list | dict | deque):
            return mapped(self.structure, value)
        held = _fields_of(value)
        if not held:
            return value
        new = {name: self.structure(x) for name, x in held.items()}
        changed = {name: x for name, x in new.items() if not _same(x, held[name])}
        return Object(value, changed) if changed else value


def _same(structure: Any, value: Any) -> bool:
    """Whether nothing in a value was replaced."""
    if isinstance(structure, tuple | list | deque) and isinstance(value, tuple | list | deque):
        return all(map(_same, structure, value))
    if isinstance(structure, dict) and isinstance(value, dict):
        return all(map(_same, structure.values(), value.values()))
    return structure is value


def _fields_of(value: Any) -> dict[str, Any] | None:
    """The fields of an object that may hold tensors; None for classes that are not copied."""
    kind = type(value)
    if isinstance(value, type | FunctionType):
        return None
    if is_dataclass(kind):
        return {f.name: getattr(value, f.name) for f in fields(kind) if hasattr(value, f.name)}
    if kind is SimpleNamespace or is_users(kind.__module__) or is_librarys(kind.__module__):
        return {**_slots_of(value), **getattr(value, "__dict__", {})}
    return None


def _slots_of(value: Any) -> dict[str, Any]:
    members = {n: m for base in type(value).__mro__ for n, m in vars(base).items()}
    slots = [n for n, m in members.items() if type(m) is MemberDescriptorType and n[:2] != "__"]
    return {name: getattr(value, name) for name in slots if hasattr(value, name)}


def filled_in(
    structure: Any, kind: type, fill: Callable[[Any], Any], made: dict[int, Any] | None = None
) -> Any:
    """The structure with the results of `fill` in place of slots of class `kind`.

    Parts that are the same container or object give the same one: `made` has those so far.
    """
    if type(structure) is kind:
        return fill(structure)
    if type(structure) is Itself:
        return structure.now()
    made = {} if made is None else made
    if id(structure) not in made:
        made[id(structure)] = _filled(structure, kind, fill, made)
    return made[id(structure)]


def _filled(structure: Any, kind: type, fill: Callable[[Any], Any], made: dict[int, Any]) -> Any:
    # A nested function that calls itself would form a cycle, and keep the tensors alive until the
    # garbage collector runs.
    put = partial(filled_in, kind=kind, fill=fill, made=made)
    if type(structure) is not Object:
        return mapped(put, structure)
    new = copy(structure.like)
    for name, x in structure.fields.items():
        if name in getattr(new, "__dict__", ()):
            new.__dict__[name] = put(x)
        else:
            object.__setattr__(new, name, put(x))
    return new


def mapped(function: Callable[[Any], Any], value: Any) -> Any:
    """A tuple, list or dictionary with a function applied to its items; other values unchanged."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*[function(v) for v in value])
    if type(value) in (tuple, list):
        return type(value)(function(v) for v in value)
    if type(value) in DICTS:
        return {k: function(v) for k, v in value.items()}
    if isinstance(value, dict):
        table = copy(value)
        for k, v in value.items():
            table[k] = function(v)
        return table
    if isinstance(value, list | deque):
        new = copy(value)
        new.clear()
        new.extend(function(v) for v in value)
        return new
    return value
