"""What a traced function reads from Python.

While the function runs, every function that is called is noted once, before its first line. Its
global names, and the attributes and keys it mentions, say which references to follow. So the
search is as wide as the code that ran, and it finds values as they were before that code changed
anything.

Limits: a container of more than 256 items counts by its length. An attribute that did not exist
at all, a computed name (`getattr(self, "p" + i)`), and what a function asks of the world (files,
clocks, `random`) are not seen.
"""

from __future__ import annotations

import gc
import sys
import types
from collections.abc import Callable, Mapping
from types import CodeType, FrameType
from typing import Any

import numpy as np

from ...core.changes import DICTS
from ...core.handle import Handle
from ..code_owner import FOREIGN, USER, owner_of
from .check import Guards, Looked
from .containers import Keys
from .held import Held, Tensor, Thing
from .mentions import globals_of, looks_through, texts_of
from .place import Place, Way
from .search import Search


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
        self.kept_tensors: list[str] = []
        self._search = Search()
        # The callbacks of the garbage collector are no part of the function.
        collecting = [c.__code__ for c in gc.callbacks if isinstance(c, types.FunctionType)]
        self._codes: dict[int, CodeType] = {id(code): code for code in collecting}
        self._texts: set[str] = set()
        self._looks_through = False
        self._before: Any = None
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
        if owner is FOREIGN:
            return
        texts = texts_of(code)
        if owner is USER:
            self._texts.update(texts)
            self._search.users.update(code.co_names, code.co_freevars, texts)
            self._looks_through = self._looks_through or looks_through(code)
            self._search.read_globals(namespace, globals_of(code))
        self._search.mention([code, *code.co_names, *texts])

    def guards(self, looked: Looked = ()) -> Guards:
        """The guards to check before every call; asked for when the trace is over and cleaned up.

        What the trace itself changed, as `self.n += 1` does, is left out and named in
        `changed_by_trace`; those of them that hold a traced tensor are in `kept_tensors` too.
        `looked` are tensors whose values were read, with these values.
        """
        roots = [place for place in self._search.roots if self._settle(place, None)]
        self._search.end()
        return Guards(roots, looked)

    def _settle(self, place: Place, above: Any) -> bool:
        value, held = place.read(above), place.held
        if held is None or not _is_unchanged(held, value):
            if self._is_told(place) and place.path not in self.changed_by_trace:
                self.changed_by_trace.append(place.path)
                if _holds_traced(value):
                    self.kept_tensors.append(place.path)
            place.held, place.below = None, []
            return place.way is Way.EACH  # its neighbours are read together with it
        if place.in_table and type(value) is types.FunctionType:
            return False  # an accessor function of the library in its own table
        if isinstance(held, Tensor):
            held.settle(value)
        if place.way is Way.GIVEN:
            place.held = None  # the holder of a root checks it
        self._choose_keys(place)
        place.below = [p for p in place.below if self._settle(p, value)]
        return True

    def _choose_keys(self, place: Place) -> None:
        """Guard only the mentioned items of a dictionary whose keys the user's code mentions."""
        held = place.held
        if not isinstance(held, Keys) or place in self._search.tables or self._looks_through:
            return
        mentioned = [p for p in place.below if p.way is Way.ITEM and p.key in self._texts]
        if mentioned:
            place.held, place.below = held.type_only(), mentioned

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


def _holds_traced(value: Any) -> bool:
    """Whether a value is a tensor without numbers, or a container of such."""
    if type(value) in (list, tuple, set, frozenset):
        return any(map(_holds_traced, value))
    if type(value) in DICTS:
        return any(map(_holds_traced, value.values()))
    return issubclass(type(value), Handle) and not isinstance(value._value, np.ndarray)


def _is_unchanged(held: Held, value: Any) -> bool:
    if isinstance(held, Tensor):  # its memory may have been recorded, but not changed
        return Thing.same(held, value) and isinstance(value._value, np.ndarray)
    return held.same(value)
