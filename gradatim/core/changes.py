"""The time of the last change to any object that compiled programs depend on.

A compiled program relies on hundreds of objects staying as they were when it was traced. Checking
each before every call would be slow, and changes are rare. So the objects report their changes
here, and a program compares one number before a call; only if it moved are the objects checked.

Tensors report that they got other memory, began or ceased to require a gradient, or gained or lost
a hook. An `ObservedDict`, in which optimisers keep their state, reports every change of an item.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from .storage import tick

K = TypeVar("K")
V = TypeVar("V")


class ChangeClock:
    """The time of the latest reported change."""

    __slots__ = ("latest",)

    def __init__(self) -> None:
        self.latest = 0


changes = ChangeClock()


def note_change() -> None:
    """Report a change, after it was made: of a `_value`, an `_edge` or a hook."""
    changes.latest = tick()


def _reporting(method: Callable[..., Any]) -> Any:
    @wraps(method)
    def changed(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        finally:
            note_change()

    return changed


class ObservedDict(dict[K, V]):
    """A dictionary that reports its changes, and is otherwise like any other.

    >>> state = ObservedDict(step=1)
    >>> before = changes.latest
    >>> state["step"] = 2
    >>> state, state == {"step": 2}, changes.latest > before
    ({'step': 2}, True, True)
    """

    __slots__ = ("__weakref__",)

    def __setitem__(self, key: K, value: V) -> None:
        if self.get(key, note_change) is not value:  # the same object again is no change
            super().__setitem__(key, value)
            note_change()

    __delitem__ = _reporting(dict.__delitem__)
    __ior__ = _reporting(dict.__ior__)
    __init__ = _reporting(dict.__init__)
    clear = _reporting(dict.clear)
    pop = _reporting(dict.pop)
    popitem = _reporting(dict.popitem)
    setdefault = _reporting(dict.setdefault)
    update = _reporting(dict.update)


DICTS = (dict, ObservedDict)  # types whose items are inspected one by one
