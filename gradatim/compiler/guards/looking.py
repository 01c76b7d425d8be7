"""Looking at a value without calling the user's code: which guard suits it, what is in it."""

from __future__ import annotations

import types
from collections import OrderedDict, deque
from keyword import iskeyword
from typing import Any

import numpy as np

from ...core.handle import Handle
from .containers import Items, Keys, Members
from .held import MISSING, Held, Number, Numbers, Tensor, Thing, is_number

MOST_ITEMS = 256  # items of a container that are looked at
_PLAIN_ITERS = {kind.__iter__ for kind in (dict, OrderedDict, list, tuple, deque)}
_PLAIN_READS = {kind.__getattribute__ for kind in (object, types.SimpleNamespace)}
_LAZY = getattr(types, "LazyImportType", None)


def held_of(value: Any) -> Held:
    """The guard of a value: numbers count by value, other objects by identity."""
    kind: Any = type(value)
    if is_number(value):
        return Number(value)
    if issubclass(kind, Handle):
        return Tensor(value)
    if issubclass(kind, np.ndarray):
        return Numbers(value)
    if kind is set and len(value) <= MOST_ITEMS and all(map(is_number, value)):
        return Members(value)
    if issubclass(kind, dict) and kind.__iter__ in _PLAIN_ITERS and len(value) <= MOST_ITEMS:
        return Keys(value)
    is_plain = issubclass(kind, list | tuple | deque) and kind.__iter__ in _PLAIN_ITERS
    if is_plain or kind in (dict, set, frozenset):
        return Items(value)
    return Thing(value)


def is_plain_object(kind: Any) -> bool:
    """Whether reading an attribute of such objects calls no `__getattribute__` of the user's."""
    return kind.__getattribute__ in _PLAIN_READS


def attributes_of(x: Any) -> dict[str, Any] | None:
    """The `__dict__` of an object; None if it has none, as a `TypeVar` since Python 3.12."""
    own = getattr(x, "__dict__", None) if type(x).__dictoffset__ else None
    return own if isinstance(own, dict) else None


def is_read_at_once(kind: type, name: str) -> bool:
    """Whether `x.name` reads the entry of `x.__dict__`, and faster than through `__dict__`."""
    if hasattr(kind, "__getattr__") or not name.isidentifier() or iskeyword(name):
        return False
    return not any(hasattr(type(vars(b).get(name)), "__set__") for b in kind.__mro__)


def imported(value: Any) -> Any:
    """A value of a module; of a lazy import (since Python 3.15), what it stands for."""
    if type(value) is not _LAZY:
        return value
    try:
        return value.resolve()
    except Exception:  # the code that needs it will raise this error, if it gets there
        return value


def content_of(cell: Any) -> Any:
    """What is in a cell of a closure; MISSING if it is empty."""
    try:
        return cell.cell_contents
    except ValueError:
        return MISSING


def slot_of(member: Any, x: Any) -> Any:
    """What is in a slot of an object; MISSING if it is empty."""
    try:
        return member.__get__(x)
    except AttributeError:
        return MISSING
