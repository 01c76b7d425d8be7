"""What a traced function reads from Python.

While the function runs, every function that is called is noted once, before its first line. Its
global names, and the attributes and keys it mentions, say which references to follow. So the
search is as wide as the code that ran, and it finds values as they were before that code changed
anything.

Limits: a container of more than 256 items counts by its length. A computed name
(`getattr(self, "p" + i)`), an attribute that did not exist at all (unless the function asks for it
by `hasattr` or `getattr`), bytes that are not NumPy's (`bytearray`), and what it asks of the
world (files, clocks) are not seen.
"""

from __future__ import annotations

import builtins
import gc
import re
import sys
import types
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import CodeType, FrameType, MappingProxyType
from typing import Any

import numpy as np

from ..code_owner import FOREIGN, USER, owner_of
from .assignments import LISTS, Assignment, Entry
from .check import Guards, Looked
from .containers import Items, Keys, Type
from .held import MISSING, Absent, Held, Tensor, Thing, is_number
from .mentions import (
    asked_of,
    asks_types,
    globals_of,
    matches_classes,
    modules_of,
    names_used,
    read_first,
    texts_of,
    uses_of,
)
from .place import Location, Place, Way
from .search import Search

_BUILTINS = frozenset(dir(builtins))


class Watch:
    """Records, inside a `with` block, what the functions called there can read.

    `arguments` are objects passed to the function that its guards should follow, by name.

    >>> scale = 2.0
    >>> def step():
    ...     return scale * 3
    >>> with Watch(step) as watch:
    ...     _ = step()
    >>> guards = watch.guards()
    >>> guards.changed()
    >>> scale = 0.5
    >>> guards.changed()
    'scale changed from 2.0 to 0.5'
    """

    def __init__(self, function: Any, arguments: Mapping[str, Any] | None = None) -> None:
        self.changed_by_trace: list[str] = []
        self._search = Search()
        # The callbacks of the garbage collector are no part of the function.
        collecting = [c.__code__ for c in gc.callbacks if isinstance(c, types.FunctionType)]
        self._codes: dict[int, CodeType] = {id(code): code for code in collecting}
        self._uses: defaultdict[str, set[str | None]] = defaultdict(set)
        self._imported: list[str] = []
        self._before: Any = None
        self._assigned: list[Assignment] = []
        self._instead: dict[Location, Held] = {}
        self._grown: set[Place] = set()  # containers to which items were added
        self._unguarded: set[Place | None] = set()  # lists that are only appended to
        self._appended: set[str] = set()  # names that the user's code appends to
        self._used: set[str] = set()  # and those it does other things with
        self._read_first: set[str] = set()  # names that it reads before it assigns to them
        self._of_types: set[str] = set()  # those it may ask of what type they are
        for name, value in {**_parts(function), **(arguments or {})}.items():
            self._search.begin(name, value)

    def __enter__(self) -> Watch:
        self._before = sys.getprofile()
        sys.setprofile(self._profiler(self._before))
        return self

    def __exit__(self, *_: object) -> None:
        before, self._before = self._before, None
        if before is None or callable(before):
            sys.setprofile(before)
        else:  # Python's own profiler, which has nothing that can be called
            sys.setprofile(None)
            before.enable()

    def _profiler(self, before: Any) -> Callable[[FrameType, str, Any], None]:
        """The function Python calls at every call and return: tens of thousands of times."""
        codes, read = self._codes, self._read

        def note(frame: FrameType, event: str, _: Any) -> None:
            # By id: hashing a code object goes through everything in it.
            if event == "call" and id(frame.f_code) not in codes:
                codes[id(frame.f_code)] = frame.f_code
                read(frame.f_code, frame.f_globals)

        def both(frame: FrameType, event: str, argument: Any) -> None:
            note(frame, event, argument)
            before(frame, event, argument)

        if callable(before):
            return both  # an earlier profiler still receives every event
        note.is_watch = True  # type: ignore[attr-defined]
        return note

    def _read(self, code: CodeType, namespace: dict[str, Any]) -> None:
        owner = owner_of(code.co_filename, namespace.get("__name__"))
        self._search.mention([id(code)])  # a foreign one, too: a decorator has a function to call
        if owner is FOREIGN:
            return
        texts = texts_of(code)
        if owner is USER:
            self._read_users(code, texts, namespace)
        else:
            self._read_librarys(code, texts, namespace)

    def _read_librarys(self, code: CodeType, texts: list[str], namespace: dict[str, Any]) -> None:
        for name in code.co_names:
            self._uses[name].add(None)
        # The library's own functions are named `steps` or `history`, as attributes of users.
        doubtful = [name for name in code.co_names if name in namespace or name in _BUILTINS]
        self._search.mention([*(set(code.co_names) - {*doubtful}), *texts])
        self._search.doubt(doubtful, code)

    def _read_users(self, code: CodeType, texts: list[str], namespace: dict[str, Any]) -> None:
        search = self._search
        appended, used = names_used(code)
        self._appended.update(appended)
        self._used.update(used, texts)
        self._read_first |= read_first(code)
        if asks_types(code):
            self._of_types.update(code.co_names, code.co_freevars, texts)
        for name, key in uses_of(code):
            self._uses[name].add(key)
        modules = list(modules_of(code, namespace.get("__package__")))
        self._imported += modules
        search.users.update(code.co_names, code.co_freevars, texts)
        search.read_globals(namespace, globals_of(code))
        search.read_modules(modules)
        search.ask(asked_of(code, texts))
        if matches_classes(code):
            search.mention(["__match_args__"])
        search.mention([*code.co_names, *texts])

    def assigned(self, again: Callable[[Any, bool], Any]) -> list[Assignment]:
        """What was assigned so far, of the values that can be assigned `again`.

        That is given a value, and whether the search has met it, so that it existed before.
        """
        found = [
            a
            for noted in self._search.noted
            for a in noted.assigned(lambda x: again(x, self._search.has_met(x)))
        ]
        self._assigned = [
            replace(a, appends=self._is_appended(a)) for a in found if self._is_users(a)
        ]
        return self._assigned

    def _is_users(self, a: Assignment) -> bool:
        """Whether it is a tensor, or a number or string that the user would recognise."""
        if not is_number(a.now):
            return True
        if a.place is not None and isinstance(a.place.held, Items):
            return a.place not in self._search.tables
        return a.entry.path.rpartition(".")[2] in self._search.users

    def _is_appended(self, a: Assignment) -> bool:
        """Whether an item is added to a list that the user's code mentions to append to it only."""
        if a.was is not MISSING or a.place is None or not isinstance(a.entry.table(), LISTS):
            return False
        return a.place.path.rpartition(".")[2] in self._appended - self._used

    def guards(
        self,
        looked: Looked = (),
        instead: Mapping[Location, Held] = MappingProxyType({}),
    ) -> Guards:
        """The guards to check before every call; asked for when the trace is over and cleaned up.

        `looked` are tensors whose values were read, with these values. What was `assigned` is
        undone by now; the guards of some of these places are others `instead`. What else the trace
        changed, such as a set, is left out and named in `changed_by_trace`.
        """
        self._instead.update(instead)
        for a in self._assigned:
            if a.appends:
                self._unguarded.add(a.place)
            elif a.was is MISSING and a.place is not None:
                self._guard_absence(a.entry, a.place)
        self._search.read_modules(self._imported)  # those that the function was first to import
        roots = [place for place in self._search.roots if self._settle(place, None, None)]
        self.forget()
        return Guards(roots, looked)

    def forget(self) -> None:
        """Release what was visited: the references form cycles."""
        self._search.end()

    def _settle(self, place: Place, owner: Place | None, above: Any) -> bool:
        value, held = place.read(above), place.held
        if self._instead and (other := self._instead.get(place.location(above))):
            place.held, place.below = other, []
            return True
        if held is None or not _is_unchanged(held, value):
            if self._is_told(place) and place.path not in self.changed_by_trace:
                self.changed_by_trace.append(place.path)
            place.held, place.below = None, []
            return place.way is Way.EACH  # its neighbours are read together with it
        if place in self._unguarded:
            place.held, place.below = None, []
            return place.way is Way.EACH
        if place.in_table and type(value) is types.FunctionType:
            return False  # an accessor function of the library in its own table
        if isinstance(held, Tensor):
            held.settle(value)
        if place.way is Way.GIVEN:
            place.held = None  # the holder of a root checks it
        self._choose_keys(place, owner, value)
        place.below = [p for p in place.below if self._settle(p, place, value)]
        return True

    def needs_type(self, entry: Entry) -> bool:
        """Whether the user's code may ask of what type an entry is, by `isinstance` or `type`."""
        return not self._of_types.isdisjoint(re.findall(r"\w+", entry.path)[-1:])

    def is_read(self, entry: Entry) -> bool:
        """Whether the user's code may have read an entry before it assigned to it."""
        name = entry.path.rpartition(".")[2]
        return not name.isidentifier() or name in self._read_first

    def _guard_absence(self, new: Entry, place: Place) -> None:
        """What the function makes must be absent, as it was: it may have looked for it."""
        if isinstance(place.held, Items):
            self._grown.add(place)
        else:
            lack = Place(Way.ATTRIBUTE, new.key, new.path)
            lack.held = Absent(MISSING)
            place.below.append(lack)

    def _choose_keys(self, place: Place, owner: Place | None, table: Any) -> None:
        """Guard only those items of a dictionary that the user's code reads by constant keys.

        That needs to be all it does with the dictionary: `sizes["width"]`, but never `sizes[i]`, or
        `f(sizes)`, which may read any item.
        """
        held = place.held
        if not isinstance(held, Keys) or place in self._search.tables:
            return
        keys = self._uses.get(place.name or "", ())
        in_any_way = place.way is Way.ITEM and owner is not None and type(owner.held) is not Type
        is_known = id(table) not in self._search.shared and not in_any_way
        if keys and is_known and place not in self._grown and all(key in table for key in keys):
            place.held = held.type_only()
            place.below = [p for p in place.below if p.key in keys]
        else:
            held.in_order = held.teller is None

    def _is_told(self, place: Place) -> bool:
        """Whether the user would recognise it: not if it is internal to the library."""
        if place.way in (Way.ATTRIBUTE, Way.SLOT, Way.FIELD):
            return place.path.rpartition(".")[2] in self._search.users
        return not place.in_table


def _parts(function: Any) -> dict[str, Any]:
    """The roots of a call, by name: a bound method is a new object whenever it is read."""
    if type(function) is types.MethodType:
        return {"self": function.__self__, function.__name__: function.__func__}
    return {getattr(function, "__name__", type(function).__name__): function}


def _is_unchanged(held: Held, value: Any) -> bool:
    if isinstance(held, Tensor):  # its memory may have been recorded, but not changed
        return Thing.same(held, value) and isinstance(value._value, np.ndarray)
    return held.same(value)
