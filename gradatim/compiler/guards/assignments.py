"""What a function assigns to attributes, items and variables, while it is traced.

A trace sees tensors, not assignments. So every object, dictionary and list is noted when the search
first reaches it, and compared with its former self when the function has returned.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, KeysView
from dataclasses import dataclass
from operator import is_
from typing import Any

from .held import MISSING, reference_to
from .place import Location, Place, Way

Table = Any  # a dictionary, a list, a deque, or `Fields`
LISTS = (list, deque)


class Fields:
    """Attributes that are not in a dictionary, as a table: of a cell, in a slot, of a class."""

    def __init__(self, owner: Any) -> None:
        self._refer = reference_to(owner)
        self._of = type if isinstance(owner, type) else object

    @property
    def owner(self) -> Any:
        """The object, class or cell; None if it is gone."""
        return self._refer()

    def __getitem__(self, name: str) -> Any:
        if self._of is type:
            return vars(self.owner)[name]
        try:
            return getattr(self.owner, name)
        except (ValueError, AttributeError):  # an empty cell, an empty slot
            raise KeyError(name) from None

    def __setitem__(self, name: str, value: Any) -> None:
        if self.owner is not None:
            self._of.__setattr__(self.owner, name, value)

    def __delitem__(self, name: str) -> None:
        self._of.__delattr__(self.owner, name)

    def __iter__(self) -> Iterator[str]:
        return iter([*vars(self.owner)])


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
            if self.now() is not MISSING:
                del table[self.key]
        elif isinstance(table, LISTS) and self.key >= len(table):
            table.append(value)
        else:
            table[self.key] = value

    def outermost(self) -> Entry:
        """The entry to which code assigns."""
        return self

    def restorer(self) -> Callable[[], None]:
        """A function that puts back what is there now."""
        value = self.now()
        return lambda: None if self.now() is value else self.put(value)


@dataclass(frozen=True, eq=False)
class Part(Entry):
    """An item of a container that is replaced as a whole, as in `self.state = (h, c)`."""

    whole: Entry

    def put(self, value: Any) -> None:
        """Replace the container by one with another item."""
        old = self.whole.now()
        items = dict(old) if isinstance(old, dict) else [*old]
        items[self.key] = value
        self.whole.put(tuple(items) if isinstance(old, tuple) else items)

    def outermost(self) -> Entry:
        """The entry that holds the container."""
        return self.whole


def parts_of(whole: Entry, container: Any) -> Iterator[Part]:
    """The items of a container in an entry."""
    for key in container if isinstance(container, dict) else range(len(container)):
        location = (0, (whole.location, key))  # no object has the id 0
        yield Part(whole.now, key, f"{whole.path}[{key!r}]", location, whole)


class End(Entry):
    """The end of a list to which items are appended."""

    def put(self, value: Any) -> None:
        """Append a value."""
        self.table().append(value)

    def restorer(self) -> Callable[[], None]:
        """A function that removes what is appended from now on."""
        items = self.table()
        before = [*items]

        def restore() -> None:
            items.clear()
            items.extend(before)

        return restore


class Order(Entry):
    """The order of a dictionary's items."""

    def now(self) -> KeysView[Any]:
        """The keys in their present order."""
        return dict.fromkeys(self.table()).keys()

    def put(self, value: Iterable[Any]) -> None:
        """Bring the items of these keys into this order."""
        table = self.table()
        for key in value:
            if key in table:
                table[key] = table.pop(key)


class Itself:
    """An object that existed before a call: it is assigned itself, not a copy."""

    def __init__(self, value: Any) -> None:
        self.now = reference_to(value)  # None if it is gone


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

    `owner` is the id of the object it belongs to, and `place` its guarded place, if it has one.
    Unless the table counts as a `whole`, only the entries noted do, not new ones.
    """

    owner: int
    table: Callable[[], Table]
    before: dict[Any, Any]
    path: Callable[[Any], str]
    place: Place | None = None
    whole: bool = True

    def assigned(self, again: Callable[[Any], Any]) -> Iterator[Assignment]:
        """Its entries that were replaced or removed, in the order in which to do it again.

        `again` gives what later calls assign in place of a value, or MISSING if they cannot.
        """
        table = self.table()
        if table is None or (self.whole and _are_same(table, self.before)):
            return  # most tables: this is asked for hundreds of them
        keys = dict.fromkeys(_keys(table) if self.whole else self.before)
        removed = [key for key in self.before if key not in keys]
        order = [*self._reordered(table, keys)]
        yield from order  # it is undone last
        for key in (*keys, *reversed(removed)):
            was, now = self.before.get(key, MISSING), _item(table, key)
            value = now if now is was else again(was if now is MISSING else now)
            if now is not was and value is not MISSING:
                entry = Entry(self.table, key, self.path(key), (self.owner, key))
                yield Assignment(entry, was, now if now is MISSING else value, self.place)
        yield from order

    def _reordered(self, table: Table, keys: dict[Any, None]) -> Iterator[Assignment]:
        left = [id(key) for key in self.before if key in keys]
        if isinstance(table, dict) and left != [*map(id, keys)][: len(left)]:
            order = Order(self.table, None, self.path("..."), (self.owner, MISSING))
            yield Assignment(order, self.before.keys(), order.now(), self.place)


def of_object(x: Any, place: Place) -> Noted:
    """The attributes of an object."""

    def path(name: str) -> str:
        return f"{place.path}.{name}"

    return Noted(id(x), _attributes_of(x), dict(x.__dict__), path, place)


def of_class(x: type) -> Noted:
    """The attributes of a class."""
    return Noted(id(x), lambda: Fields(x), dict(vars(x)), lambda name: f"{x.__name__}.{name}")


def of_container(x: Any, path: Callable[[Any], str], place: Place) -> Noted:
    """The items of a dictionary or list; `path` shows one as users write it."""
    return Noted(id(x), lambda: x, dict(enumerate(x) if isinstance(x, LISTS) else x), path, place)


def of_entry(table: dict[str, Any] | Fields, name: str, path: str) -> Noted:
    """A single entry: a global name, a variable of a closure, a slot, which may be empty."""
    owner = table.owner if isinstance(table, Fields) else table
    entry = Entry(lambda: table, name, path, (id(owner), name))
    return Noted(id(owner), entry.table, {name: entry.now()}, lambda _: path, whole=False)


def entry_of(place: Place, above: Any) -> Entry:
    """The entry that a place reads, where `above` is the value it is in."""
    location = place.location(above)
    if place.way is Way.CELL:
        table: Table = Fields(place.key)
    elif place.way is Way.IN:
        names, _, owner = place.key
        table = Fields(owner) if isinstance(owner, type) else names
    elif place.way is Way.SLOT:
        table = Fields(above)
    elif isinstance(above, (dict, *LISTS)):
        table = above
    else:
        return Entry(_attributes_of(above), location[1], place.path, location)
    return Entry(lambda: table, location[1], place.path, location)


def _attributes_of(x: Any) -> Callable[[], Table]:
    refer = reference_to(x)
    return lambda: getattr(refer(), "__dict__", None)


def _are_same(table: Table, before: dict[Any, Any]) -> bool:
    """Whether a table has the same keys and values as before, in the same order."""
    if isinstance(table, Fields):
        table = vars(table.owner)
    same = len(table) == len(before)
    if isinstance(table, LISTS):
        return same and all(map(is_, table, before.values()))
    return same and all(map(is_, table, before)) and all(map(is_, table.values(), before.values()))


def _item(table: Table, key: Any) -> Any:
    try:
        return table[key]
    except (KeyError, IndexError, AttributeError, TypeError):
        return MISSING


def _keys(table: Table) -> Iterable[Any]:
    return range(len(table)) if isinstance(table, LISTS) else table
