"""A place where a value was found, and how to read it again."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from enum import Enum, auto
from typing import Any

from .held import MISSING, Held

Location = tuple[int, Any]  # the id of an object, and the key of an entry


class Way(Enum):
    """How the value of a place is read."""

    GIVEN = auto()  # the key itself: a root of the search
    CELL = auto()  # the content of the key, a cell of a closure
    IN = auto()  # an entry of a namespace: (its dictionary, name, its owner)
    ATTRIBUTE = auto()  # an entry of the `__dict__` of an object whose class has `__getattr__`
    SLOT = auto()  # an attribute in a slot: the key is its descriptor
    FIELD = auto()  # an attribute of any other object, such as the defaults of a function
    ITEM = auto()  # an item of the dictionary above
    EACH = auto()  # an item, by number, of a container whose items are all read at once


class Place:
    """Where a value was found (`way`, `key`), what the place is called, and its guard, `held`.

    Places point only downwards (`below`), so there is no cycle for the garbage collector. Of the
    place above, one knows only its depth, and whether it is a private table of the library.
    """

    __slots__ = ("below", "depth", "held", "in_table", "key", "path", "way")

    def __init__(
        self, way: Way, key: Any, path: str, depth: int = 0, *, in_table: bool = False
    ) -> None:
        self.way = way
        self.key = key
        self.path = path
        self.depth = depth
        self.in_table = in_table
        self.held: Held | None = None
        self.below: list[Place] = []

    @property
    def name(self) -> str | None:
        """The name or constant key by which code reads it; None if there may be other ways."""
        if self.way is Way.IN:
            return str(self.key[1])
        if self.way is Way.SLOT:
            return str(self.key.__name__)
        if self.way is Way.CELL:
            return self.path
        return None if self.way in (Way.GIVEN, Way.EACH) else str(self.key)

    def read(self, value: Any) -> Any:
        """The value in the place now, where `value` is that of the place above; else MISSING."""
        try:
            return _READ[self.way](value, self.key)
        except (KeyError, IndexError, ValueError, AttributeError):
            return MISSING

    def location(self, value: Any) -> Location:
        """Which entry of which object it is; `value` as for `read`."""
        if self.way is Way.CELL:
            return id(self.key), "cell_contents"
        if self.way is Way.IN:
            return id(self.key[2]), self.key[1]
        if self.way is Way.SLOT:
            return id(value), self.key.__name__
        if self.way is Way.EACH and isinstance(value, dict):
            return id(value), list(value)[self.key]
        return id(value), self.key


def _each(value: Any, number: int) -> Any:
    return list(value.values() if isinstance(value, dict) else value)[number]


_READ: dict[Way, Callable[[Any, Any], Any]] = {
    Way.GIVEN: lambda _, key: key() if type(key) is weakref.ref else key,
    Way.CELL: lambda _, cell: cell.cell_contents,
    Way.IN: lambda _, key: key[0][key[1]],
    Way.ATTRIBUTE: lambda value, name: value.__dict__[name],
    Way.SLOT: lambda value, member: member.__get__(value),
    Way.FIELD: lambda value, name: getattr(value, name),
    Way.ITEM: lambda value, key: value[key],
    Way.EACH: _each,
}
