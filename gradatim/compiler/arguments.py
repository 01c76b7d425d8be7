"""Arguments as tensors and settings: the first may change from call to call, the second retrace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._tensor.creation import tensor
from ..core.dtypes import float64
from ..core.handle import Handle
from ..core.nodes import Leaf
from ..core.tape import history
from .errors import TraceError
from .guards.held import reference
from .ir import kept_from_trace


@dataclass(frozen=True)
class Place:
    """Where a tensor was among nested arguments."""

    index: int


@dataclass(frozen=True)
class Flat:
    """The tensors among some arguments, the arguments with places for them, and a key."""

    tensors: list[Any]
    args: Any
    kwargs: Any
    key: Any


def flatten(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Flat:
    """Take the tensors out of arguments; Python floats become 0-d float64 tensors."""
    tensors: list[Any] = []
    key: list[Any] = []
    shape = _taken(args, tensors, key), _taken(kwargs, tensors, key)
    return Flat(tensors, *shape, tuple(key))


def unflatten(flat: Flat, tensors: Sequence[Any]) -> tuple[Any, Any]:
    """The arguments with these tensors in the places."""
    return _filled(flat.args, tensors), _filled(flat.kwargs, tensors)


def _taken(value: Any, tensors: list[Any], key: list[Any]) -> Any:
    if isinstance(value, float | np.floating):
        value = tensor(float(value), dtype=float64)
        value._is_number = True
    if isinstance(value, Handle):
        tensors.append(value)
        kind = value._value
        if not isinstance(kind, np.ndarray):
            raise TraceError(kept_from_trace())
        first = _first(value, tensors)
        order = None if kind.flags.c_contiguous else kind.strides
        key.append((kind.shape, kind.dtype, order, value._is_number, _wish(value), first))
        return Place(len(tensors) - 1)
    if type(value) in (tuple, list):
        key.append((type(value), len(value)))
        return type(value)(_taken(v, tensors, key) for v in value)
    if type(value) is dict:
        key.append(tuple(value))
        return {k: _taken(v, tensors, key) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        raise TypeError(
            "compile: got a NumPy array as an argument, whose numbers nobody would follow from "
            "call to call; pass gradatim.from_numpy(array)"
        )
    if isinstance(value, bool | int | str | bytes | np.generic) or value is None:
        key.append((type(value), value))
    else:
        key.append((type(value), Same(value)))
    return value


def _wish(x: Handle) -> Any:
    """Of an argument that wants a gradient: whether it collects it, and has collected before."""
    edge = history(x)
    return None if edge is None else (type(edge) is Leaf, x._grad is not None)


def _first(x: Handle, tensors: Sequence[Any]) -> int:
    """The place where a tensor was given first."""
    for i, t in enumerate(tensors):
        if t is x:
            return i
    return len(tensors)


class Same:
    """An object in a key: equal to itself only, and to nothing once it is gone."""

    __slots__ = ("hash", "refer")

    def __init__(self, value: Any) -> None:
        self.refer, is_weak = reference(value)
        if not is_weak:
            self.refer = lambda: value
        self.hash = id(value)

    def __hash__(self) -> int:
        return self.hash

    def __eq__(self, other: object) -> bool:
        mine = self.refer()
        return isinstance(other, Same) and mine is not None and mine is other.refer()


def objects_of(flat: Flat) -> dict[str, Any]:
    """The arguments that are no tensors, numbers or texts, by a name, for guards to follow."""
    given = {**{f"argument {i}": v for i, v in enumerate(flat.args)}, **flat.kwargs}
    return dict(pair for name, value in given.items() for pair in _objects(name, value))


def _objects(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if type(value) in (tuple, list):
        for i, v in enumerate(value):
            yield from _objects(f"{path}[{i}]", v)
    elif type(value) is dict:
        for k, v in value.items():
            yield from _objects(f"{path}[{k!r}]", v)
    elif not isinstance(value, Place | bool | int | str | bytes | np.generic | None):
        yield path, value


def is_gone(key: Any) -> bool:
    """Whether a key has an object in it that is gone, so that no call can have it again."""
    if isinstance(key, tuple):
        return any(map(is_gone, key))
    return isinstance(key, Same) and key.refer() is None


def _filled(value: Any, tensors: Sequence[Any]) -> Any:
    if isinstance(value, Place):
        return tensors[value.index]
    if type(value) in (tuple, list):
        return type(value)(_filled(v, tensors) for v in value)
    if type(value) is dict:
        return {k: _filled(v, tensors) for k, v in value.items()}
    return value
