"""The time of the last change to any object that compiled programs depend on.

A compiled program relies on hundreds of objects staying as they were when it was traced. Checking
each before every call would be slow, and changes are rare. So the objects report their changes
here, and a program compares one number before a call; it checks the objects only if that moved.

Tensors report new memory, a change of `requires_grad`, and hooks added or removed. An
`ObservedDict`, in which optimisers keep their state, reports every change of an item.
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
    """Report that a `_value`, an `_edge` or a hook has just changed."""
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
    """A dict that reports its changes.

    >>> state = ObservedDict(step=1)
    >>> before = changes.latest
    >>> state["step"] = 2
    >>> state, state == {"step": 2}, changes.latest > before
    ({'step': 2}, True, True)
    """

    __slots__ = ("__weakref__",)

    def __setitem__(self, key: K, value: V) -> None:
        if self.get(key, note_change) is not value:  # any sentinel; the same object is no change
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
