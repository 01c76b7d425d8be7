"""What a function returned, taken apart to its tensors and put together again for every call.

Tuples, lists and dictionaries (of any class) are made anew each time. Of objects, such as
dataclasses and modules, those that hold a tensor of the function's are copied, and other ones are
returned themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from types import FunctionType, SimpleNamespace
from typing import Any

from ...core.changes import DICTS
from ...core.handle import Handle
from ..whose import is_librarys, is_users


@dataclass(frozen=True)
class Object:
    """An object of which some fields are filled in each time."""

    like: Any
    fields: Mapping[str, Any]


def taken_apart(value: Any, take: Callable[[Handle], Any]) -> Any:
    """The same structure with what `take` gives in the place of tensors."""
    return _Taking(take).structure(value)


class _Taking:
    def __init__(self, take: Callable[[Handle], Any]) -> None:
        self.take = take
        self.objects: set[int] = set()  # one that holds itself is looked at once

    def structure(self, value: Any) -> Any:
        if isinstance(value, Handle):
            return self.take(value)
        if isinstance(value, tuple | list | dict):
            return mapped(self.structure, value)
        held = _fields_of(value)
        if not held or id(value) in self.objects:
            return value
        self.objects.add(id(value))
        new = {name: self.structure(x) for name, x in held.items()}
        changed = {name: x for name, x in new.items() if not _same(x, held[name])}
        return Object(value, changed) if changed else value


def _same(structure: Any, value: Any) -> bool:
    """Whether nothing in a value was taken out."""
    if isinstance(structure, tuple | list) and isinstance(value, tuple | list):
        return all(map(_same, structure, value))
    if isinstance(structure, dict) and isinstance(value, dict):
        return all(map(_same, structure.values(), value.values()))
    return structure is value


def _fields_of(value: Any) -> dict[str, Any] | None:
    """The fields of an object that may hold tensors; None if it is not for us to copy."""
    kind = type(value)
    if isinstance(value, type | FunctionType):
        return None
    if is_dataclass(kind):
        return {f.name: getattr(value, f.name) for f in fields(kind) if hasattr(value, f.name)}
    if kind is SimpleNamespace or is_users(kind.__module__) or is_librarys(kind.__module__):
        return dict(getattr(value, "__dict__", {}))
    return None


def filled_in(structure: Any, kind: type, fill: Callable[[Any], Any]) -> Any:
    """The structure with what `fill` gives in the places of a `kind` of slots."""
    if type(structure) is kind:
        return fill(structure)
    # A function that calls itself by a name around it would keep the tensors until garbage is
    # collected.
    put = partial(filled_in, kind=kind, fill=fill)
    if type(structure) is not Object:
        return mapped(put, structure)
    new = copy(structure.like)
    for name, x in structure.fields.items():
        if hasattr(new, "__dict__"):
            new.__dict__[name] = put(x)
        else:
            object.__setattr__(new, name, put(x))
    return new


def mapped(function: Callable[[Any], Any], value: Any) -> Any:
    """The function applied to what is in a tuple, list or dictionary; other things as they are."""
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
    if isinstance(value, list):
        found = copy(value)
        found[:] = [function(v) for v in value]
        return found
    return value
