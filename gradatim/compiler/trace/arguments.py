"""Arguments as tensors and settings: tensors may change from call to call, settings retrace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from ...core.changes import DICTS
from ...core.handle import Handle, wrap
from ...core.nodes import Leaf
from ...core.tape import history
from ..errors import TraceError
from ..guards.held import reference_to
from ..ir.graph import kept_from_trace


@dataclass(frozen=True)
class Place:
    """The position of a tensor among nested arguments."""

    index: int


class Flat:
    """The tensors among some arguments, the arguments with places for them, and a key."""

    __slots__ = ("_given", "key", "tensors")

    def __init__(self, tensors: list[Any], given: tuple[Any, Any], key: Any) -> None:
        self.tensors, self._given, self.key = tensors, given, key

    @property
    def args(self) -> Any:
        """The arguments by position, with places in them."""
        return self._placed()[0]

    @property
    def kwargs(self) -> Any:
        """The arguments by name, with places in them."""
        return self._placed()[1]

    def _placed(self) -> Any:
        """Computed on demand, for a trace: most calls only look the key up."""
        numbers = count()
        args, kwargs = self._given
        return _placed(args, numbers), _placed(kwargs, numbers)


def flatten(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Flat:
    """Take the tensors out of arguments; Python floats become 0-d float64 tensors."""
    if not args and not kwargs:
        return _NOTHING
    tensors: list[Any] = []
    key: list[Any] = []
    for value in args:
        _take(value, tensors, key)
    if kwargs:
        key.append(len(args))
        _take(kwargs, tensors, key)
    return Flat(tensors, (args, kwargs), tuple(key))


_NOTHING = Flat([], ((), {}), ())


def unflatten(flat: Flat, tensors: Sequence[Any]) -> tuple[Any, Any]:
    """The arguments with these tensors in the places."""
    args, kwargs = flat._placed()
    return _filled(args, tensors), _filled(kwargs, tensors)


def changed_containers(flat: Flat, tensors: Sequence[Any], given: tuple[Any, Any]) -> list[str]:
    """The lists and dictionaries among the arguments that the function changed, by name.

    `given` is what it received: new containers, so the caller's own never change.
    """
    args, kwargs = unflatten(flat, tensors)
    pairs = [
        (f"argument {i}", v, new) for i, (v, new) in enumerate(zip(args, given[0], strict=True))
    ]
    pairs += [(name, v, given[1][name]) for name, v in kwargs.items()]
    return [path for name, v, new in pairs for path in _changed(name, v, new)]


def _changed(path: str, value: Any, new: Any) -> Iterator[str]:
    if type(value) not in (tuple, list, *DICTS):
        if value is not new:
            yield path
        return
    is_table = type(value) in DICTS
    if type(new) is not type(value) or (
        set(new) != set(value) if is_table else len(new) != len(value)
    ):
        yield path
        return
    for key in value if is_table else range(len(value)):
        yield from _changed(f"{path}[{key!r}]", value[key], new[key])


def _take(value: Any, tensors: list[Any], key: list[Any]) -> None:
    """Append the tensors in a value to `tensors`, and all else that matters to `key`."""
    if isinstance(value, float | np.floating):
        value = wrap(np.array(float(value)))
        value._is_number = True
    if isinstance(value, Handle):
        array = value._value
        if type(array) is not np.ndarray:
            raise TraceError(kept_from_trace())
        order = None if array.flags.c_contiguous else array.strides
        wish = None if value._edge is value._base is None else _wish(value)
        first = _first(value, tensors)
        key.append((array.shape, array.dtype, order, value._is_number, wish, first))
        tensors.append(value)
        return
    if type(value) in (tuple, list):
        key.append((type(value), len(value)))
        for v in value:
            _take(v, tensors, key)
    elif type(value) in DICTS:
        key.append(tuple(value))
        for v in value.values():
            _take(v, tensors, key)
    elif isinstance(value, np.ndarray):
        raise TypeError(
            "compile: got a NumPy array as an argument, whose numbers are not tracked from "
            "call to call; pass gradatim.from_numpy(array)"
        )
    elif isinstance(value, bool | int | str | bytes | np.generic) or value is None:
        key.append((type(value), value))
    else:
        key.append((type(value), Same(value)))


def _placed(value: Any, numbers: Iterator[int]) -> Any:
    """The value with places for tensors, numbered in the order in which they were taken."""
    if isinstance(value, Handle | float | np.floating):
        return Place(next(numbers))
    if type(value) in (tuple, list):
        return type(value)(_placed(v, numbers) for v in value)
    if type(value) in DICTS:
        return {k: _placed(v, numbers) for k, v in value.items()}
    return value


def _wish(x: Handle) -> Any:
    """Of an argument with a history: its hooks if it is a leaf, and whether it has a `.grad`."""
    edge = history(x)
    if edge is None:
        return None
    hooks = edge.hooked() if type(edge) is Leaf else None
    return hooks, x._grad is not None


def _first(x: Handle, tensors: Sequence[Any]) -> int:
    """The position at which a tensor was given first."""
    for i, t in enumerate(tensors):
        if t is x:
            return i
    return len(tensors)


class Same:
    """An object in a key: equal to itself only, and to nothing once it is dead."""

    __slots__ = ("hash", "refer")

    def __init__(self, value: Any) -> None:
        self.refer = reference_to(value)
        self.hash = id(value)

    def __hash__(self) -> int:
        return self.hash

    def __eq__(self, other: object) -> bool:
        mine = self.refer()
        return isinstance(other, Same) and mine is not None and mine is other.refer()


def objects_of(flat: Flat) -> dict[str, Any]:
    """The arguments that are not tensors, numbers or strings, by name, for guards to follow."""
    given = {**{f"argument {i}": v for i, v in enumerate(flat.args)}, **flat.kwargs}
    return dict(pair for name, value in given.items() for pair in _objects(name, value))


def _objects(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if type(value) in (tuple, list):
        for i, v in enumerate(value):
            yield from _objects(f"{path}[{i}]", v)
    elif type(value) in DICTS:
        for k, v in value.items():
            yield from _objects(f"{path}[{k!r}]", v)
    elif not isinstance(value, Place | bool | int | str | bytes | np.generic | None):
        yield path, value


def is_gone(key: Any) -> bool:
    """Whether a key contains a dead object, so that no call can have it again."""
    if isinstance(key, tuple):
        return any(map(is_gone, key))
    return isinstance(key, Same) and key.refer() is None


def _filled(value: Any, tensors: Sequence[Any]) -> Any:
    if isinstance(value, Place):
        return tensors[value.index]
    if type(value) in (tuple, list):
        return type(value)(_filled(v, tensors) for v in value)
    if type(value) in DICTS:
        return {k: _filled(v, tensors) for k, v in value.items()}
    return value
