"""What a function assigns to attributes, items and variables, while it is traced.

A trace sees tensors, not assignments. So every object, dictionary and list is noted when the search
first reaches it, and compared with its former self when the function has returned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import is_
from typing import Any

from .held import MISSING, reference
from .place import Location, Place, Way

Table = Any  # a dictionary, a list, or `Fields`


class Fields:
    """Attributes that are not in a `__dict__` as a table: the content of a cell, a slot."""

    def __init__(self, owner: Any) -> None:
        self.owner = owner

    def __getitem__(self, name: str) -> Any:
        try:
            return getattr(self.owner, name)
        except ValueError:  # an empty cell
            raise KeyError(name) from None

    def __setitem__(self, name: str, value: Any) -> None:
        object.__setattr__(self.owner, name, value)


@dataclass(frozen=True, eq=False)
class Entry:
    """An entry of a table: an attribute, an item, a variable.

    `table` gives the table, or None if the object it belongs to is gone; `path` is the entry as a
    user would write it.
    """

    table: Callable[[], Table]
    key: Any
    path: str
    location: Location

    def now(self) -> Any:
        """What is there now, or MISSING."""
        return _item(self.table(), self.key)

    def put(self, value: Any) -> None:
        """Assign a value; MISSING removes the entry."""
        table = self.table()
        if table is None:
            return
        if value is MISSING:
            del table[self.key]
        elif isinstance(table, list) and self.key >= len(table):
            table.append(value)
        else:
            table[self.key] = value

    def restorer(self) -> Callable[[], None]:
        """A function that puts back what is there now."""
        value = self.now()
        return lambda: None if self.now() is value else self.put(value)


class End(Entry):
    """The end of a list to which items are appended."""

    def put(self, value: Any) -> None:
        """Append a value."""
        self.table().append(value)

    def restorer(self) -> Callable[[], None]:
        """A function that removes what is appended from now on."""
        items = self.table()
        count = len(items)

        def restore() -> None:
            del items[count:]

        return restore


@dataclass(frozen=True, eq=False)
class Assignment:
    """An entry whose value was replaced: what was there before, or MISSING, and what is now.

    `place` is the guarded place of the table's owner, if the table was noted as a whole. `appends`
    is set for an item added to a list with which the function does nothing else.
    """

    entry: Entry
    was: Any
    now: Any
    place: Place | None
    appends: bool = False

    def undo(self) -> None:
        """Put back what was there before."""
        self.entry.put(self.was)

    def target(self) -> Entry:
        """Where later calls put what they compute."""
        e = self.entry
        return End(e.table, e.key, e.path, e.location) if self.appends else e


@dataclass(eq=False, slots=True)  # made for every object that is found, so made fast
class Noted:
    """A table, and what it held when it was noted.

    `owner` is the id of the object it belongs to, and `place` its guarded place; without a place
    only the entries that it held then count, else new ones too.
    """

    owner: int
    table: Callable[[], Table]
    before: dict[Any, Any]
    path: Callable[[Any], str]
    place: Place | None = None

    def assigned(self, is_repeatable: Callable[[Any], bool]) -> Iterator[Assignment]:
        """Its entries that were replaced, by values that can be assigned again."""
        table = self.table()
        keys = self.before if self.place is None else _keys(table)
        if isinstance(table, dict) and self.place is not None and _are_same(table, self.before):
            return  # most tables: this is asked for hundreds of them
        for key in keys:
            was, now = self.before.get(key, MISSING), _item(table, key)
            if now is not was and now is not MISSING and is_repeatable(now):
                entry = Entry(self.table, key, self.path(key), (self.owner, key))
                yield Assignment(entry, was, now, self.place)


def of_object(x: Any, place: Place) -> Noted:
    """The attributes of an object."""

    def path(name: str) -> str:
        return f"{place.path}.{name}"

    return Noted(id(x), _attributes_of(x), dict(x.__dict__), path, place)


def of_container(x: Any, path: Callable[[Any], str], place: Place) -> Noted:
    """The items of a dictionary or list; `path` shows one as users write it."""
    return Noted(id(x), lambda: x, dict(enumerate(x) if isinstance(x, list) else x), path, place)


def of_entry(table: dict[str, Any] | Fields, name: str, path: str) -> Noted:
    """A single entry: a global name, a variable of a closure, a slot."""
    owner = table.owner if isinstance(table, Fields) else table
    return Noted(id(owner), lambda: table, {name: table[name]}, lambda _: path)


def entry_of(place: Place, above: Any) -> Entry:
    """The entry that a place reads, where `above` is the value it is in."""
    location = place.location(above)
    if place.way is Way.CELL:
        table: Table = Fields(place.key)
    elif place.way is Way.IN:
        table = place.key[0]
    elif place.way is Way.SLOT:
        table = Fields(above)
    elif isinstance(above, dict | list):
        table = above
    else:
        return Entry(_attributes_of(above), location[1], place.path, location)
    return Entry(lambda: table, location[1], place.path, location)


def _attributes_of(x: Any) -> Callable[[], Table]:
    refer, is_weak = reference(x)

    def table() -> Table:
        owner = refer() if is_weak else x
        return getattr(owner, "__dict__", None)

    return table


def _are_same(table: dict[Any, Any], before: dict[Any, Any]) -> bool:
    """Whether two dictionaries have the same keys and values, in the same order."""
    return (
        len(table) == len(before)
        and all(map(is_, table, before))
        and all(map(is_, table.values(), before.values()))
    )


def _item(table: Table, key: Any) -> Any:
    try:
        return table[key]
    except (KeyError, IndexError, AttributeError, TypeError):
        return MISSING


def _keys(table: Table) -> Any:
    if table is None:
        return ()
    return range(len(table)) if isinstance(table, list) else [*table]
