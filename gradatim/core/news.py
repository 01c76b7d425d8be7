"""When something last changed that always tells, so that nobody looks at all of it to find out.

A tensor that was there before tells when it becomes another inside: gets other memory, begins or
ceases to want a gradient, gets or loses a hook. So does a `TellingDict`, in which an optimiser
keeps its state, when an item comes, goes or is replaced. That happens seldom. Compiled programs
rely on hundreds of such things to stay what they are: they compare one number before a call, and
look at the things only if it changed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from .storage import tick

K = TypeVar("K")
V = TypeVar("V")


class News:
    """The time of the last such change, of anything."""

    __slots__ = ("latest",)

    def __init__(self) -> None:
        self.latest = 0


news = News()


def announce() -> None:
    """Say, afterwards, that a `_value` is another, or that an `_edge` or a hook came or went."""
    news.latest = tick()


def _telling(method: Callable[..., Any]) -> Any:
    @wraps(method)
    def changed(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        finally:
            announce()

    return changed


class TellingDict(dict[K, V]):
    """A dictionary that tells of its changes, and is like any other besides.

    >>> state = TellingDict(step=1)
    >>> before = news.latest
    >>> state["step"] = 2
    >>> state, state == {"step": 2}, news.latest > before
    ({'step': 2}, True, True)
    """

    __slots__ = ("__weakref__",)

    def __setitem__(self, key: K, value: V) -> None:
        if self.get(key, announce) is not value:  # what is there already is no news
            super().__setitem__(key, value)
            announce()

    __delitem__ = _telling(dict.__delitem__)
    __ior__ = _telling(dict.__ior__)
    __init__ = _telling(dict.__init__)
    clear = _telling(dict.clear)
    pop = _telling(dict.pop)
    popitem = _telling(dict.popitem)
    setdefault = _telling(dict.setdefault)
    update = _telling(dict.update)


DICTS = (dict, TellingDict)  # what is taken apart where a plain dictionary is
