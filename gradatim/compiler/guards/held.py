"""What was found in a place: how to tell, fast and exactly, that it is still the same.

    condition   an expression that is true if it is another; put into the generated check
    same        the same question, for the search for the culprit
    told        what changed, for the user

Numbers are compared by type and value, bit for bit; objects by identity, through weak references
where their class allows, so that nothing outlives its owner for the sake of a guard. Tensors are
held, if no graph hangs on them: the program has their memory anyway.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any, Protocol

import numpy as np

from ...core.changes import ObservedDict
from ...core.handle import Handle
from ...core.nodes import Leaf
from ..whose import is_librarys

MISSING: Any = type("Missing", (), {"__repr__": lambda _: "nothing"})()

_NUMBERS = frozenset([int, float, bool, complex, str, bytes, type(None), type(...)])
_SMALL = 4096  # bytes of a NumPy array that are compared

Name = Callable[[Any], str]  # gives a constant a name in the generated code


class Held(Protocol):
    """What a place held."""

    def condition(self, value: str, name: Name) -> str:
        """An expression over the variable `value`, true if that is no longer the same."""

    def same(self, value: Any) -> bool:
        """Whether `value` is still the same."""

    def told(self, path: str, value: Any) -> str:
        """The sentence about the change."""


def is_number(value: Any) -> bool:
    """Whether a value can be compared by itself: a number, text, None, or a tuple of these."""
    kind = type(value)
    if kind is tuple or kind is frozenset:
        return len(value) <= 256 and all(map(is_number, value))
    return kind in _NUMBERS or issubclass(kind, np.generic)


def differs(a: Any, b: Any) -> bool:
    """Whether two numbers are not the same to the bit: 1, 1.0 and True differ; 0.0 and -0.0 too."""
    if a is b:
        return False
    if type(a) is not type(b):
        return True
    if isinstance(a, np.generic):
        return a.tobytes() != b.tobytes()
    if type(a) is float:
        return a.hex() != b.hex()
    if type(a) is tuple:
        return len(a) != len(b) or any(map(differs, a, b))
    return bool(a != b) or (type(a) in (complex, frozenset) and repr(a) != repr(b))


class Number:
    """A number, text, None, or a tuple of them."""

    def __init__(self, was: Any) -> None:
        self.was = was

    def condition(self, value: str, name: Name) -> str:
        """Not the same object, and not an equal one: the first is nearly always enough."""
        was = name(self.was)
        return f"{value} is not {was} and differs({value}, {was})"

    def same(self, value: Any) -> bool:
        """Equal, and of one type."""
        return not differs(value, self.was)

    def told(self, path: str, value: Any) -> str:
        """`model.dropout.p changed from 0.1 to 0.0`."""
        return f"{path} changed from {_short(self.was)} to {_short(value)}"


class Thing:
    """An object whose identity counts: a module, a function, a generator."""

    def __init__(self, was: Any, *, is_kept: bool = False) -> None:
        self.kind = type(was).__name__
        self.refer, self.is_weak = (was, False) if is_kept else reference(was)

    def condition(self, value: str, name: Name) -> str:
        """Another object."""
        if not self.is_weak:
            return f"{value} is not {name(self.refer)}"
        return f"{value} is not {name(self.refer)}() or {value} is None"  # None: it died

    def same(self, value: Any) -> bool:
        """The very object."""
        return value is self.now() and value is not None

    def now(self) -> Any:
        """The object; None if it is gone."""
        return self.refer() if self.is_weak else self.refer

    def told(self, path: str, value: Any) -> str:
        """`model.act is another function`, or what it is now."""
        if type(value).__name__ == self.kind:
            return f"{path} is another {self.kind} than before"
        return f"{path} changed from a {self.kind} to {_short(value)}"


class Tensor(Thing):
    """A tensor: the object, its memory, whether it requires grad, and its hooks."""

    def __init__(self, was: Handle) -> None:
        super().__init__(was, is_kept=was._edge is None or type(was._edge) is Leaf)
        self.kind = "tensor"
        self.settle(was)

    def settle(self, was: Handle) -> None:
        """Take the memory as it is now: while a program is traced it is none."""
        self.array, self.wants_grad = was._value, was._edge is not None
        self.hooks = _hooks_of(was)

    def is_settled(self) -> bool:
        """Whether it is on the memory that it was on, and wants a gradient as it did."""
        x = self.now()
        if x is None:
            return True
        same = x._value is self.array and (x._edge is not None) is self.wants_grad
        return same and _hooks_of(x) == self.hooks

    def same(self, value: Any) -> bool:
        """The same object on the same memory."""
        return super().same(value) and self.is_settled()

    def told(self, path: str, value: Any) -> str:
        """Which of them it was."""
        if not super().same(value):
            if issubclass(type(value), Handle):
                return f"{path} is another tensor than before"
            return f"{path} changed from a tensor to {_short(value)}"
        if value._value is not self.array:
            return f"{path} has other memory than before"
        if (value._edge is not None) is self.wants_grad:
            return f"{path} has other hooks than before"
        return f"{path}.requires_grad changed from {self.wants_grad} to {not self.wants_grad}"


class Numbers:
    """A small NumPy array: its memory is read live by `from_numpy`, but copied by `tensor`."""

    def __init__(self, was: np.ndarray[Any, Any]) -> None:
        self.thing = Thing(was)
        self.was = was.tobytes() if was.nbytes <= _SMALL and was.dtype.kind != "O" else None

    def condition(self, value: str, name: Name) -> str:
        """Another array, or other numbers in it."""
        other = self.thing.condition(value, name)
        return other if self.was is None else f"{other} or {value}.tobytes() != {name(self.was)}"

    def same(self, value: Any) -> bool:
        """The same array with the same numbers."""
        return self.thing.same(value) and (self.was is None or value.tobytes() == self.was)

    def told(self, path: str, value: Any) -> str:
        """Another array, or other numbers."""
        if self.thing.same(value):
            return f"the numbers in the NumPy array {path} changed"
        return self.thing.told(path, value)


class Items:
    """A list, tuple or set: its type and length; what is in it has places of its own.

    `teller` is the very object if it tells of its changes: then it has to be this one.
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
        """Whether it is the very object, if that matters."""
        return self.teller is None or self.teller.same(value)

    def told(self, path: str, value: Any) -> str:
        """How many there were, and are."""
        if self.teller is not None and not self.teller.same(value):
            return self.teller.told(path, value)
        if type(value) is not self.type:
            return f"{path} changed from a {self.type.__name__} to {_short(value)}"
        return f"{path} changed from {_count(self.count)} to {_count(len(value))}"


class Keys(Items):
    """A dictionary of which everything counts.

    Where all keys are texts, their order does not: items are read by them. Else items are read by
    their places, and the keys have to be the same in the same order.
    """

    def __init__(self, was: dict[Any, Any]) -> None:
        super().__init__(was)
        self.keys = set(was) if all(type(k) is str for k in was) else None
        self.are_numbers = all(map(is_number, was))
        self.order = self._order(was)

    def type_only(self) -> Type:
        """The guard of such a dictionary if only some keys count."""
        return Type(self.type, self.teller)

    def condition(self, value: str, name: Name) -> str:
        """Of another size; all keys are read, so that one that is gone is noticed."""
        if self.count:
            return f"len({value}) != {self.count}"
        return f"{value} or {value}.__class__ is not {name(self.type)}"

    def other_order(self, value: str, name: Name) -> str:
        """An expression, true if the keys are others, or in another order."""
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
        return set(value) == self.keys

    def told(self, path: str, value: Any) -> str:
        """Which keys came and went."""
        if type(value) is not self.type or not self.is_it(value):
            return super().told(path, value)
        if self.keys is None:
            is_one_for_one = len(value) == self.count
            return f"{path} has other keys" if is_one_for_one else super().told(path, value)
        new = ", ".join(repr(k) for k in value if k not in self.keys)
        gone = ", ".join(sorted(repr(k) for k in self.keys if k not in value))
        changes = [f"got {new}"] * bool(new) + [f"lost {gone}"] * bool(gone)
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
        return f"{path} changed from {_short(set(self.was))} to {_short(value)}"


class Absent:
    """Nothing: an attribute that only the class has. `told` names the class's value."""

    def __init__(self, instead: Any) -> None:
        self.instead = instead

    def condition(self, value: str, name: Name) -> str:
        """Something is there now."""
        return f"{value} is not {name(MISSING)}"

    def same(self, value: Any) -> bool:
        """Still nothing there."""
        return value is MISSING

    def told(self, path: str, value: Any) -> str:
        """What the object has now instead of what its class has."""
        if not is_number(self.instead):
            return f"{path} is now another than that of the class"
        return f"{path} changed from {_short(self.instead)} to {_short(value)}"


class Unhooked(Absent):
    """Nothing where a module would have its hooks; asked for only if a hook came somewhere."""

    def __init__(self, module: Any) -> None:
        super().__init__(None)
        self.refer = weakref.ref(module)

    def is_settled(self) -> bool:
        """Whether there are still none."""
        module = self.refer()
        return module is None or "_hooks" not in module.__dict__

    def same(self, value: Any) -> bool:
        """Whatever is read instead is the class's."""
        return self.is_settled()

    def told(self, path: str, value: Any) -> str:
        """Whose they are."""
        return f"{path} has other hooks than before"


def reference(x: Any) -> tuple[Any, bool]:
    """A weak reference and True; or the thing itself, if it lives as long as the program anyway."""
    if isinstance(x, type | ModuleType) or (
        type(x) is FunctionType and is_librarys(x.__module__) and not x.__closure__
    ):
        return x, False
    try:
        return weakref.ref(x), True
    except TypeError:
        return x, False


def _hooks_of(x: Handle) -> tuple[int, ...]:
    return x._edge.hooked() if type(x._edge) is Leaf else ()


def _count(n: int) -> str:
    return "1 item" if n == 1 else f"{n} items"


def _short(value: Any) -> str:
    """A value as a sentence shows it; the `repr` of unknown classes is not asked for."""
    if value is MISSING:
        return "nothing"
    if is_number(value) or (type(value) in (list, set) and all(map(is_number, value))):
        text = repr(value)
        return text if len(text) <= 60 else f"{text[:57]}..."
    if issubclass(type(value), Handle):
        return "a tensor"
    return f"a {type(value).__name__}"
