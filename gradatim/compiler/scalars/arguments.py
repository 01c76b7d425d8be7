"""The arguments of a call taken apart: numbers are inputs, Values are state, the rest is fixed.

    step(0.1, [x, 2.0], "tanh")     numbers (0.1, 2.0), Values (x,), and the form
                                    (number 0, [value 0, number 1], "tanh")

Calls of equal form run the same compiled program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any

from ...scalar.value import Value


@dataclass(frozen=True)
class Slot:
    """In a form: a number or a Value, which may differ from call to call."""

    kind: str  # "number" or "value"
    index: int


@dataclass(frozen=True)
class Items:
    """In a form: a container and the forms of its items."""

    type: type
    items: tuple[Any, ...]
    keys: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Fixed:
    """In a form: an integer, string, bool or None that the program is specialised for."""

    type: type
    value: Any


@dataclass(frozen=True, eq=False)
class Thing:
    """In a form: any other object; the program is specialised for this very one."""

    thing: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Thing) and other.thing is self.thing

    def __hash__(self) -> int:
        return id(self.thing)


@dataclass
class Arguments:
    """What was given to a function."""

    numbers: list[float] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    things: list[Any] = field(default_factory=list)
    form: Any = None

    def filled(self, numbers: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        """The arguments again, with other numbers in place of theirs."""
        given = {"number": numbers, "value": self.values}
        positional, named = _filled(self.form, given)
        return positional, named


def taken_apart(positional: Sequence[Any], named: Mapping[str, Any]) -> Arguments:
    """The arguments of a call, sorted by kind.

    >>> found = taken_apart([0.5, (1, 2.0)], {})
    >>> found.numbers, found.filled([10.0, 20.0])
    ([0.5, 2.0], ([10.0, (1, 20.0)], {}))
    """
    arguments = Arguments()
    arguments.form = _form((list(positional), dict(named)), arguments)
    return arguments


def _form(x: Any, arguments: Arguments) -> Any:
    if isinstance(x, Real) and not isinstance(x, Integral):
        arguments.numbers.append(float(x))
        return Slot("number", len(arguments.numbers) - 1)
    if isinstance(x, Value) and not x._children:
        return _slot_of_value(x, arguments.values)
    if isinstance(x, list | tuple):
        return Items(type(x), tuple(_form(item, arguments) for item in x))
    if type(x) is dict:
        return Items(dict, tuple(_form(item, arguments) for item in x.values()), tuple(x))
    if x is None or isinstance(x, int | str | bytes):
        return Fixed(type(x), x)
    arguments.things.append(x)
    return Thing(x)


def _slot_of_value(x: Value, values: list[Value]) -> Slot:
    """A Value given twice has one slot: both uses add to one gradient."""
    index = next((i for i, v in enumerate(values) if v is x), len(values))
    if index == len(values):
        values.append(x)
    return Slot("value", index)


def _filled(form: Any, given: Mapping[str, Sequence[Any]]) -> Any:
    match form:
        case Slot(kind, index):
            return given[kind][index]
        case Items(kind, items, keys):
            return _rebuilt(kind, [_filled(item, given) for item in items], keys)
        case Fixed(_, value) | Thing(value):
            return value


def map_items(function: Callable[[Any], Any], things: Any) -> Any:
    """A list, tuple, named tuple or dictionary with a function applied to each item.

    Anything else is returned unchanged.
    """
    if isinstance(things, dict):
        return {key: function(x) for key, x in things.items()}
    if isinstance(things, list | tuple):
        return _rebuilt(type(things), [function(x) for x in things])
    return things


def _rebuilt(kind: type, items: list[Any], keys: Sequence[Any] = ()) -> Any:
    if issubclass(kind, dict):
        return dict(zip(keys, items, strict=True))
    if issubclass(kind, list):
        return items
    return kind(*items) if hasattr(kind, "_fields") else tuple(items)
