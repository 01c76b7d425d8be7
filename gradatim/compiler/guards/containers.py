"""Guards of containers: number of items, keys, their order, and the type."""

from __future__ import annotations

from typing import Any

from ...core.changes import ObservedDict
from .held import Name, Thing, differs, is_number, short


class Items:
    """A list, tuple or set: its type and length; its items have places of their own.

    `teller` guards the identity of an object that reports its changes (an `ObservedDict`).
    """

    def __init__(self, was: Any) -> None:
        self.type, self.count = type(was), len(was)
        self.teller = Thing(was) if isinstance(was, ObservedDict) else None

    def condition(self, value: str, name: Name) -> str:
        """Of another type or length."""
        return f"type({value}) is not {name(self.type)} or len({value}) != {self.count}"

    def same(self, value: Any) -> bool:
        """Of the same type and length."""
        return self.is_it(value) and type(value) is self.type and len(value) == self.count

    def is_it(self, value: Any) -> bool:
        """Whether it is the same object, if identity matters."""
        return self.teller is None or self.teller.same(value)

    def told(self, path: str, value: Any) -> str:
        """How many items there were, and are."""
        if self.teller is not None and not self.teller.same(value):
            return self.teller.told(path, value)
        if type(value) is not self.type:
            return f"{path} changed from a {self.type.__name__} to {short(value)}"
        return f"{path} changed from {_count(self.count)} to {_count(len(value))}"


class Keys(Items):
    """A dictionary in which every item counts.

    If all keys are strings, items are read by key, and their order is checked in the user's
    dictionaries only (`in_order`), not in the hundreds of tables of a model. Otherwise items are
    read by position, and the keys have to be the same in the same order.
    """

    def __init__(self, was: dict[Any, Any]) -> None:
        super().__init__(was)
        self.keys = set(was) if all(type(k) is str for k in was) else None
        self.are_numbers = all(map(is_number, was))
        self.in_order = False
        self.order = self._order(was)

    def type_only(self) -> Type:
        """The guard of this dictionary if only some keys count."""
        return Type(self.type, self.teller)

    def condition(self, value: str, name: Name) -> str:
        """Of another size; every key is read anyway, so a missing one is noticed."""
        if self.in_order and self.count and self.keys is not None:
            return f"(*{value},) != {name(self.order)}"
        if self.count:
            return f"len({value}) != {self.count}"
        return f"{value} or {value}.__class__ is not {name(self.type)}"

    def other_order(self, value: str, name: Name) -> str:
        """An expression that is true if the keys or their order changed."""
        if self.are_numbers:
            return f"differs(tuple({value}), {name(self.order)})"
        return f"(*map(id, {value}),) != {name(self.order)}"

    def _order(self, value: dict[Any, Any]) -> tuple[Any, ...]:
        return tuple(value) if self.are_numbers else tuple(map(id, value))

    def same(self, value: Any) -> bool:
        """With the same keys."""
        if not super().same(value):
            return False
        if self.keys is None:
            return not differs(self._order(value), self.order)
        return set(value) == self.keys and (not self.in_order or tuple(value) == self.order)

    def told(self, path: str, value: Any) -> str:
        """Which keys were added and removed."""
        if type(value) is not self.type or not self.is_it(value):
            return super().told(path, value)
        if self.keys is None:
            is_one_for_one = len(value) == self.count
            return f"{path} has other keys" if is_one_for_one else super().told(path, value)
        new = ", ".join(repr(k) for k in value if k not in self.keys)
        gone = ", ".join(sorted(repr(k) for k in self.keys if k not in value))
        changes = [f"got {new}"] * bool(new) + [f"lost {gone}"] * bool(gone)
        changes = changes or ["has its items in another order"]
        return f"{path} {' and '.join(changes)}"


class Type(Items):
    """A dictionary of which only some items count."""

    def __init__(self, kind: type, teller: Thing | None) -> None:
        self.type, self.teller = kind, teller

    def condition(self, value: str, name: Name) -> str:
        """Of another type."""
        return f"type({value}) is not {name(self.type)}"

    def same(self, value: Any) -> bool:
        """Of the same type."""
        return self.is_it(value) and type(value) is self.type


class Members:
    """A set of numbers."""

    def __init__(self, was: set[Any]) -> None:
        self.was = frozenset(was)

    def condition(self, value: str, name: Name) -> str:
        """With other members."""
        return f"{value} != {name(self.was)}"

    def same(self, value: Any) -> bool:
        """With the same members."""
        return type(value) is set and value == self.was

    def told(self, path: str, value: Any) -> str:
        """What the members were, and are."""
        return f"{path} changed from {short(set(self.was))} to {short(value)}"


def _count(n: int) -> str:
    return "1 item" if n == 1 else f"{n} items"
