"""What was found in a place, and how to tell quickly and exactly that it is still the same.

    condition   an expression that is true if it changed; goes into the generated check
    same        the same question, for the search for the culprit
    told        what changed, for the user

Numbers are compared by type and value, bit for bit; objects by identity, through weak references
where their class allows, so that no guard keeps an object alive. Tensors without a graph behind
them are held strongly: the program holds their memory anyway.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from types import CodeType, FunctionType, ModuleType
from typing import Any, Protocol

import numpy as np

from ...core.handle import Handle
from ...core.nodes import Leaf
from ..code_owner import is_librarys

MISSING: Any = type("Missing", (), {"__repr__": lambda _: "nothing"})()

_NUMBERS = frozenset([int, float, bool, complex, str, bytes, type(None), type(...)])
_SMALL = 4096  # NumPy arrays up to this many bytes are compared by content

Name = Callable[[Any], str]  # gives a constant a name in the generated code


class Held(Protocol):
    """What a place held."""

    def condition(self, value: str, name: Name) -> str:
        """An expression over the variable `value` that is true if the value changed."""

    def same(self, value: Any) -> bool:
        """Whether `value` is still the same."""

    def told(self, path: str, value: Any) -> str:
        """The sentence that describes the change."""


def is_number(value: Any) -> bool:
    """Whether a value is compared by value: a number, a string, None, or a tuple of these."""
    kind = type(value)
    if kind is tuple or kind is frozenset:
        return len(value) <= 256 and all(map(is_number, value))
    return kind in _NUMBERS or issubclass(kind, np.generic)


def differs(a: Any, b: Any) -> bool:
    """Whether two values differ in type or in any bit: 1, 1.0 and True do, 0.0 and -0.0 too."""
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
    """A number, a string, None, or a tuple of them."""

    def __init__(self, was: Any) -> None:
        self.was = was

    def condition(self, value: str, name: Name) -> str:
        """Not the same object, and not equal: the identity test nearly always settles it."""
        was = name(self.was)
        return f"{value} is not {was} and differs({value}, {was})"

    def same(self, value: Any) -> bool:
        """Of equal type and value."""
        return not differs(value, self.was)

    def told(self, path: str, value: Any) -> str:
        """`model.dropout.p changed from 0.1 to 0.0`."""
        return f"{path} changed from {short(self.was)} to {short(value)}"


class Thing:
    """An object whose identity counts: a module, a function, a generator."""

    def __init__(self, was: Any, *, is_kept: bool = False) -> None:
        self.kind = type(was).__name__
        self.refer, self.is_weak = (was, False) if is_kept else reference(was)

    def condition(self, value: str, name: Name) -> str:
        """A different object."""
        if not self.is_weak:
            return f"{value} is not {name(self.refer)}"
        return f"{value} is not {name(self.refer)}() or {value} is None"  # None: it died

    def same(self, value: Any) -> bool:
        """The same object."""
        return value is self.now() and value is not None

    def now(self) -> Any:
        """The object; None if it is gone."""
        return self.refer() if self.is_weak else self.refer

    def told(self, path: str, value: Any) -> str:
        """That it is another object of its type, or what is there now."""
        if type(value).__name__ == self.kind:
            return f"{path} is another {self.kind} than before"
        return f"{path} changed from a {self.kind} to {short(value)}"


class Code(Thing):
    """The code of a function, which can be exchanged while the function stays."""

    def __init__(self, was: CodeType) -> None:
        super().__init__(was, is_kept=True)

    def told(self, path: str, value: Any) -> str:
        """That it was exchanged."""
        return f"{path} has other code than before"


class Class(Thing):
    """The class of an object, which can be exchanged while the object stays."""

    def __init__(self, was: type) -> None:
        super().__init__(was, is_kept=True)

    def told(self, path: str, value: Any) -> str:
        """That it was exchanged."""
        return f"{path} is of another class than before"


class Tensor(Thing):
    """A tensor: the object, its memory, whether it requires grad, and its hooks."""

    def __init__(self, was: Handle) -> None:
        super().__init__(was, is_kept=was._edge is None or type(was._edge) is Leaf)
        self.kind = "tensor"
        self.settle(was)

    def settle(self, was: Handle) -> None:
        """Record its present memory: while a program is traced it may have none."""
        self.array, self.wants_grad = was._value, was._edge is not None
        self.hooks = _hooks_of(was)

    def is_settled(self) -> bool:
        """Whether its memory, `requires_grad` and hooks are those recorded."""
        x = self.now()
        if x is None:
            return True
        same = x._value is self.array and (x._edge is not None) is self.wants_grad
        return same and _hooks_of(x) == self.hooks

    def same(self, value: Any) -> bool:
        """The same object on the same memory."""
        return super().same(value) and self.is_settled()

    def is_like(self, value: Any) -> bool:
        """Whether it is another tensor of the same shape and dtype, neither with a history."""
        if value is self.now() or not issubclass(type(value), Handle) or self.wants_grad:
            return False
        other = value._value
        alike = (other.shape, other.dtype) == (self.array.shape, self.array.dtype)
        return alike and value._edge is None

    def told(self, path: str, value: Any) -> str:
        """Which of these changed."""
        if not super().same(value):
            if issubclass(type(value), Handle):
                return f"{path} is another tensor than before"
            return f"{path} changed from a tensor to {short(value)}"
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


class Absent:
    """An attribute that only the class has, not the object; `told` names the class's value.

    Or one that a base class has, but not this one; or that a function asked for in vain.
    """

    def __init__(self, instead: Any = MISSING) -> None:
        self.instead = instead

    def condition(self, value: str, name: Name) -> str:
        """Something is there now."""
        return f"{value} is not {name(MISSING)}"

    def same(self, value: Any) -> bool:
        """Still absent."""
        return value is MISSING

    def told(self, path: str, value: Any) -> str:
        """What the object now has in place of its class's value, or of nothing."""
        if self.instead is not MISSING and not is_number(self.instead):
            return f"{path} is no longer that of the class"
        return f"{path} changed from {short(self.instead)} to {short(value)}"


class Unhooked(Absent):
    """A module without hooks of its own; checked only after some hook was registered."""

    def __init__(self, module: Any) -> None:
        super().__init__(None)
        self.refer = weakref.ref(module)

    def is_settled(self) -> bool:
        """Whether there are still none."""
        module = self.refer()
        return module is None or "_hooks" not in module.__dict__

    def same(self, value: Any) -> bool:
        """Whether the module still has none: whatever was read instead belongs to the class."""
        return self.is_settled()

    def told(self, path: str, value: Any) -> str:
        """That the hooks changed."""
        return f"{path} has other hooks than before"


def reference(x: Any) -> tuple[Any, bool]:
    """A weak reference and True; or the object and False, if it lives as long as the program."""
    if isinstance(x, type | ModuleType) or (
        type(x) is FunctionType and is_librarys(x.__module__) and not x.__closure__
    ):
        return x, False
    try:
        return weakref.ref(x), True
    except TypeError:
        return x, False


def reference_to(x: Any) -> Callable[[], Any]:
    """A function that gives an object, or None once it is gone; see `reference`."""
    refer, is_weak = reference(x)
    return refer if is_weak else lambda: x


def _hooks_of(x: Handle) -> tuple[int, ...]:
    return x._edge.hooked() if type(x._edge) is Leaf else ()


def short(value: Any) -> str:
    """A value as a message shows it; the `repr` of unknown classes is never called."""
    if value is MISSING:
        return "nothing"
    if is_number(value) or (type(value) in (list, set) and all(map(is_number, value))):
        text = repr(value)
        return text if len(text) <= 60 else f"{text[:57]}..."
    if issubclass(type(value), Handle):
        return "a tensor"
    return f"a {type(value).__name__}"
