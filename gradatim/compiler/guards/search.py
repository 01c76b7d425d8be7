"""Follows references from a function to what it can have read: closures, defaults, attributes.

A reference is followed when code that ran mentions its name, whether before or after the reference
is found; the value is recorded as it is then. No code of the user's is called: no property, no
`__getattr__`, no `__eq__`.
"""

from __future__ import annotations

import functools
import operator
import sys
import types
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ...core.changes import DICTS
from ...core.handle import Handle
from ...core.nodes import Leaf
from ...scalar.value import Value
from ..code_owner import is_librarys, is_users
from .assignments import LISTS, Fields, Noted, of_class, of_container, of_entry, of_object
from .containers import Items, Keys
from .held import (
    MISSING,
    Absent,
    Class,
    Code,
    Tensor,
    Thing,
    Unhooked,
    is_number,
    reference,
)
from .looking import (
    MOST_ITEMS,
    attributes_of,
    content_of,
    held_of,
    imported,
    is_plain_object,
    is_read_at_once,
    slot_of,
)
from .mentions import reads_attribute
from .place import Place, Way

_MOST_PLACES = 20_000
_DEEPEST = 32
# A scalar Value counts by identity: its numbers are what a program works on.
_CLOSED = (
    *(types.BuiltinFunctionType, types.GeneratorType, types.FrameType, types.CodeType),
    Value,
)

# What a compiled function keeps about its own programs: one that contains it does without them.
_BOOKS = frozenset(["variants", "_compiling", "_retracing", "_turn", "_warned"])


class Search:
    """Places found so far (`roots`), and references not followed yet.

    `users` are the names in the user's own code; `tables` are private dictionaries of the library,
    such as the children of a module, with the class of their owner; `shared` are the ids of
    dictionaries that were found in several places; `noted` has what could be assigned to.
    """

    def __init__(self) -> None:
        self.roots: list[Place] = []
        self.tables: dict[Place, type] = {}
        self.noted: list[Noted] = []
        self.users: set[str] = set()
        self.shared: set[int] = set()
        self._queue: deque[tuple[Place, Any]] = deque()
        self._kept: list[Any] = []  # keeps visited objects alive: their ids stay unique
        self._met: set[int] = set()
        self._entries: set[tuple[int, str]] = set()
        self._mentioned: set[Any] = set()
        self._waiting: dict[Any, list[Callable[[], None]]] = {}
        self._doubtful: dict[Any, list[types.CodeType]] = {}
        self._asked: set[str] = set()
        self._objects: list[tuple[Place, Any]] = []
        self._classes: set[int] = set()
        self._count = 0

    def begin(self, name: str, value: Any) -> None:
        """Add a root: an object that the caller of the function has."""
        self._add(None, Way.GIVEN, reference(value)[0], name, value)
        self._run()

    def mention(self, names: Iterable[Any]) -> None:
        """Follow references of these names from now on; the id of a function's code is one, too."""
        for name in names:
            if name not in self._mentioned:
                self._mentioned.add(name)
                for follow in self._waiting.pop(name, ()):
                    follow()
        self._run()

    def doubt(self, names: Iterable[str], code: types.CodeType) -> None:
        """Follow references of these names, should the code read them other than as globals."""
        for name in names:
            if name in self._waiting and reads_attribute(code, name):
                self.mention([name])
            elif name not in self._waiting and name not in self._mentioned:
                self._doubtful.setdefault(name, []).append(code)

    def read_globals(self, namespace: dict[str, Any], names: Iterable[str]) -> None:
        """Follow these global names of a module."""
        for name in names:
            if name in namespace:
                self._entry(namespace, namespace, name, name, namespace[name])()
        self._run()

    def read_modules(self, names: Iterable[str]) -> None:
        """Follow these modules of the user's, as far as they have been imported."""
        for name in names:
            module = sys.modules.get(name)
            if is_users(name) and type(module) is types.ModuleType and id(module) not in self._met:
                self._add(None, Way.GIVEN, module, name, module)
        self._run()

    def ask(self, names: Iterable[str]) -> None:
        """Note which of these attributes objects do not have: the code asks for them."""
        new = [name for name in names if name.isidentifier() and name not in self._asked]
        self._asked.update(new)
        for place, x in self._objects:
            self._note_absent(place, x, new)

    def has_met(self, x: Any) -> bool:
        """Whether the search has visited an object: not a tensor or a number."""
        return id(x) in self._met

    def end(self) -> None:
        """Release everything that was visited."""
        self._doubtful.clear()
        visited = (self._waiting, self._kept, self._met, self._entries, self._objects, self.noted)
        for met in (*visited, self._classes):
            met.clear()

    # -- following references --------------------------------------------------------------

    def _when(self, name: Any, follow: Callable[[], None]) -> None:
        codes = self._doubtful.pop(name, ())
        if any(reads_attribute(code, name) for code in codes):
            self._mentioned.add(name)
        if name in self._mentioned:
            follow()
        else:
            self._waiting.setdefault(name, []).append(follow)

    def _add(self, above: Place | None, way: Way, key: Any, path: str, value: Any) -> None:
        if self._count >= _MOST_PLACES or (above is not None and above.depth >= _DEEPEST):
            return
        self._count += 1
        depth = 0 if above is None else above.depth + 1
        place = Place(way, key, path, depth, in_table=above in self.tables)
        (self.roots if above is None else above.below).append(place)
        self._queue.append((place, value))

    def _run(self) -> None:
        while self._queue:
            place, value = self._queue.popleft()
            place.held = held_of(value)
            if isinstance(place.held, Tensor):
                self._follow_hooks(value)
            leads_on = isinstance(place.held, Thing | Items) and type(place.held) is not Tensor
            if leads_on and id(value) in self._met:
                self.shared.add(id(value))
            elif leads_on:
                self._met.add(id(value))
                self._kept.append(value)
                if isinstance(value, (dict, *LISTS)):
                    self.noted.append(of_container(value, self._shown(place), place))
                self._follow(place, value)

    def _follow(self, place: Place, value: Any) -> None:
        kind: Any = type(value)
        if isinstance(place.held, Items):
            self._follow_container(place, value)
        elif kind is types.FunctionType:
            self._when(id(value.__code__), lambda: self._follow_function(place, value))
            if is_users(value.__module__):
                self.noted.append(of_object(value, place))
                self._follow_own(place, value, vars(value))
        elif kind in _FIELDS:
            for name in _FIELDS[kind]:
                path = place.path if name.startswith("__") else f"{place.path}.{name}"
                self._add(place, Way.FIELD, name, path, getattr(value, name))
        elif kind is types.ModuleType:
            self._follow_names(value.__name__, vars(value))
        elif isinstance(value, type):
            self._follow_classes(value.__name__, value.__mro__)
            self._follow_classes(value.__name__, kind.__mro__)
        elif kind in (weakref.ref, operator.attrgetter):
            self._follow_hidden(place, value)
        elif not issubclass(kind, _CLOSED) and is_plain_object(kind):
            self._follow_object(place, value)

    def _follow_container(self, place: Place, value: Any) -> None:
        self._follow_classes(place.path, type(value).__mro__)  # a named tuple has methods, too
        if isinstance(place.held, Keys):
            self._follow_items(place, value)
        else:
            is_lone = len(value) == 1 and place.in_table
            paths = [place.path] if is_lone else [f"{place.path}[{i}]" for i in range(len(value))]
            self._follow_each(place, list(zip(paths, value, strict=True)))

    def _follow_hidden(self, place: Place, value: Any) -> None:
        """Follow what an object of Python's refers to without a name."""
        if type(value) is weakref.ref:
            x = value()
            if x is not None:
                self._add(None, Way.GIVEN, reference(x)[0], f"{place.path}()", x)
        else:  # attrgetter("model.rate")
            self.mention(part for name in value.__reduce__()[1] for part in name.split("."))

    def _follow_hooks(self, x: Handle) -> None:
        """Follow a tensor's hooks; which hooks it has, its own guard checks."""
        if type(x._edge) is Leaf and id(x) not in self._met:
            self._met.add(id(x))
            self._kept.append(x)
            for hook in (*(x._edge.hooks or {}).values(), *(x._edge.after or {}).values()):
                name = getattr(hook, "__name__", type(hook).__name__)
                self._add(None, Way.GIVEN, reference(hook)[0], name, hook)

    def _follow_items(self, place: Place, table: dict[Any, Any]) -> None:
        shown = self._shown(place)
        if all(type(k) is str for k in table):
            for key, x in list(table.items()):
                self._add(place, Way.ITEM, key, shown(key), x)
        else:
            self._follow_each(place, [(shown(key), x) for key, x in table.items()])

    def _follow_each(self, place: Place, items: list[tuple[str, Any]]) -> None:
        if len(items) <= MOST_ITEMS and self._count + len(items) <= _MOST_PLACES:
            for i, (path, x) in enumerate(items):
                self._add(place, Way.EACH, i, path, x)

    def _shown(self, place: Place) -> Callable[[Any], str]:
        """How users write the items of a dictionary."""
        path, kind = place.path, self.tables.get(place)

        def shown(key: Any) -> str:
            if kind is not None and type(key) is str and hasattr(kind, "__getattr__"):
                return f"{path}.{key}" if key.isidentifier() else f"{path}[{key}]"
            if type(key) is str and '"' not in key:
                return f'{path}["{key}"]'
            return f"{path}[{key!r}]" if is_number(key) else f"{path}[...]"

        return shown

    def _follow_function(self, place: Place, function: types.FunctionType) -> None:
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        for name, cell in cells:
            content = content_of(cell)
            if (id(cell), "") not in self._entries and content is not MISSING:
                self._entries.add((id(cell), ""))
                self._kept.append(cell)
                if name != "__class__":
                    self.noted.append(of_entry(Fields(cell), "cell_contents", name))
                    self._add(None, Way.CELL, cell, name, content)
        if is_users(function.__module__):
            # A notebook that reloads modules puts new code into the functions that it has.
            self._add_code(place, function)
            for field in ("__defaults__", "__kwdefaults__"):
                if getattr(function, field):
                    path = f"{function.__name__}.{field}"
                    self._add(place, Way.FIELD, field, path, getattr(function, field))

    def _add_code(self, place: Place, function: types.FunctionType) -> None:
        code = Place(Way.FIELD, "__code__", place.path)
        code.held = Code(function.__code__)
        place.below.append(code)

    def _add_class(self, place: Place, kind: type) -> None:
        """What class an object is of: a notebook that reloads modules gives it the new one."""
        if is_users(kind.__module__) and _home(kind, "__class__") == "builtins":
            below = Place(Way.FIELD, "__class__", place.path)
            below.held = Class(kind)
            place.below.append(below)

    def _follow_names(self, path: str, names: dict[str, Any]) -> None:
        """Follow the entries of a module of the user's."""
        for name, x in list(names.items()) if is_users(path) else ():
            if not name.startswith("__"):
                self._when(name, self._entry(names, names, name, f"{path}.{name}", x))

    def _follow_classes(self, path: str, order: Sequence[type]) -> None:
        """Follow the entries of the user's classes, in the order in which Python looks there."""
        users = [base for base in order if is_users(base.__module__)]
        for i, base in enumerate(users):
            names = vars(base)
            if id(base) not in self._classes:
                self._classes.add(id(base))
                self._kept.append(base)
                self.noted.append(of_class(base))
            for name, x in list(names.items()):
                if type(x) is types.MemberDescriptorType:
                    continue
                entry = self._entry(base, names, name, f"{path}.{name}", x)
                if name == "__match_args__":
                    self._when(name, entry)
                    self._when(name, lambda x=x: self.mention(x))  # type: ignore[misc]
                elif not name.startswith("__"):
                    self._when(name, entry)
                    for before in users[:i]:
                        if name not in vars(before):
                            self._when(name, self._no_entry(before, name, f"{path}.{name}", x))
                elif type(x) is types.FunctionType:  # Python calls it, no code needs to mention it
                    self._when(id(x.__code__), entry)

    def _entry(
        self, owner: Any, names: Mapping[str, Any], name: str, path: str, value: Any
    ) -> Callable[[], None]:
        def follow() -> None:
            if (id(owner), name) not in self._entries:
                self._entries.add((id(owner), name))
                self._kept.append(owner)
                found = imported(value)
                if isinstance(names, dict):
                    if found is not value:
                        names[name] = found
                    self.noted.append(of_entry(names, name, path))
                self._add(None, Way.IN, (names, name, owner), path, found)

        return follow

    def _no_entry(self, owner: type, name: str, path: str, instead: Any) -> Callable[[], None]:
        """A class that inherits a value must not get one of its own later."""

        def follow() -> None:
            if (id(owner), f"no {name}") not in self._entries:
                self._entries.add((id(owner), f"no {name}"))
                self._kept.append(owner)
                lack = Place(Way.IN, (vars(owner), name, owner), path)
                lack.held = Absent(instead)
                self.roots.append(lack)

        return follow

    def _follow_object(self, place: Place, x: Any) -> None:
        kind = type(x)
        self._add_class(place, kind)
        attributes = attributes_of(x)
        own = attributes or {}
        if attributes is not None:
            self.noted.append(of_object(x, place))
            self._objects.append((place, x))
            self._note_absent(place, x, self._asked)
        self._follow_own(place, x, own)
        self._follow_classes(place.path, kind.__mro__)
        for base in kind.__mro__:
            is_user = is_users(base.__module__)
            for name, member in list(vars(base).items()):
                if type(member) is types.MemberDescriptorType:
                    self._follow_slot(place, x, member, is_user=is_user)
                elif is_user and attributes is not None and name not in own and name[:2] != "__":
                    self._when(name, self._lack(place, name, member))
        if "_hooks" not in own and hasattr(kind, "_hooks") and is_librarys(_home(kind, "_hooks")):
            self._when("_hooks", lambda: place.below.append(_unhooked(place, x)))

    def _follow_slot(self, place: Place, x: Any, member: Any, *, is_user: bool) -> None:
        name, value = member.__name__, slot_of(member, x)
        path = f"{place.path}.{name}"
        if is_user or value is not MISSING:
            self.noted.append(of_entry(Fields(x), name, path))
        if value is not MISSING:
            self._when(name, self._attribute(place, Way.SLOT, name, member, value, type(x)))
        elif is_user:
            self._when(name, self._lack_of(place, Way.SLOT, member, path))

    def _follow_own(self, place: Place, x: Any, own: dict[str, Any]) -> None:
        """Follow the entries of an object's `__dict__`."""
        kind = type(x)
        hides_names = any(base.__module__ == "collections" for base in kind.__mro__)
        for name, value in list(own.items()):
            is_special = kind is types.FunctionType and name[:2] == "__"
            is_special = is_special or (name in _BOOKS and is_librarys(kind.__module__))
            if type(name) is str and not is_special:
                way = Way.FIELD if is_read_at_once(kind, name) else Way.ATTRIBUTE
                follow = self._attribute(place, way, name, name, value, kind)
                if hides_names:  # the `maps` of a ChainMap, the `data` of a UserDict
                    follow()
                else:
                    self._when(name, follow)

    def _note_absent(self, place: Place, x: Any, names: Iterable[str]) -> None:
        """Of these attributes, an object must not get those later that it does not have."""
        for name in names:
            if name not in x.__dict__ and not any(name in vars(b) for b in type(x).__mro__):
                lack = Place(Way.ATTRIBUTE, name, f"{place.path}.{name}")
                lack.held = Absent()
                place.below.append(lack)

    def _attribute(
        self, place: Place, way: Way, name: str, key: Any, value: Any, kind: type
    ) -> Callable[[], None]:
        def follow() -> None:
            # A private table of the library, such as the children of a module.
            is_table = type(value) in DICTS and name.startswith("_") and name not in self.users
            self._add(place, way, key, place.path if is_table else f"{place.path}.{name}", value)
            if is_table:
                self.tables[place.below[-1]] = kind

        return follow

    def _lack(self, place: Place, name: str, member: Any) -> Callable[[], None]:
        """An attribute read from the class must not appear in the object itself later."""
        if type(member) is property:
            return lambda: None
        return self._lack_of(place, Way.ATTRIBUTE, name, f"{place.path}.{name}", member)

    def _lack_of(
        self, place: Place, way: Way, key: Any, path: str, instead: Any = MISSING
    ) -> Callable[[], None]:
        """Nothing must appear there later."""

        def follow() -> None:
            lack = Place(way, key, path)
            lack.held = Absent(instead)
            place.below.append(lack)

        return follow


_FIELDS: dict[type, tuple[str, ...]] = {
    types.MethodType: ("__func__", "__self__"),
    functools.partial: ("func", "args", "keywords"),
    staticmethod: ("__func__",),
    classmethod: ("__func__",),
    property: ("fget",),
}


def _home(kind: type, name: str) -> str:
    """The module of the class that has an attribute."""
    return next(base.__module__ for base in kind.__mro__ if name in vars(base))


def _unhooked(place: Place, module: Any) -> Place:
    lack = Place(Way.FIELD, "_hooks", place.path)
    lack.held = Unhooked(module)
    return lack
