"""Arguments as tensors and settings: the first may change from call to call, the second retrace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .._tensor.creation import tensor
from ..core.dtypes import float64
from ..core.handle import Handle


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
    if isinstance(value, float):
        value = tensor(value, dtype=float64)
    if isinstance(value, Handle):
        wants = value._edge is not None or value._base is not None
        key.append((value._value.shape, value._value.dtype, wants))
        tensors.append(value)
        return Place(len(tensors) - 1)
    if type(value) in (tuple, list):
        key.append((type(value), len(value)))
        return type(value)(_taken(v, tensors, key) for v in value)
    if type(value) is dict:
        key.append(tuple(value))
        return {k: _taken(v, tensors, key) for k, v in value.items()}
    if isinstance(value, bool | int | str | bytes) or value is None:
        key.append((type(value), value))
    else:
        key.append((type(value), id(value)))
    return value


def _filled(value: Any, tensors: Sequence[Any]) -> Any:
    if isinstance(value, Place):
        return tensors[value.index]
    if type(value) in (tuple, list):
        return type(value)(_filled(v, tensors) for v in value)
    if type(value) is dict:
        return {k: _filled(v, tensors) for k, v in value.items()}
    return value
