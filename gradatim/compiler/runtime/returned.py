"""The return value of a call: its tensors, some of which share memory with others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.handle import Step, alias, extended, steps, wrap
from ...core.nodes import Leaf
from ...core.storage import Storage
from ...core.tape import base_of
from ..trace.results import Slot, View
from ..trace.states import NUMBERS, State
from ..trace.structure import filled_in


def returned(traced: Any, arrays: Sequence[Any], arguments: Sequence[Any]) -> Any:
    """The return value of a traced function whose results are these arrays.

    What the function assigned to attributes, items and variables is assigned now.
    """
    if traced.is_single:  # the common case
        slot = traced.results
        only = wrap(arrays[slot.index])
        return only if slot.edge is None else _with_edge(only, slot, traced.past)
    return assigned_and_returned(traced, [*map(wrapped, arrays)], arguments, traced.past)


def wrapped(array: Any) -> Any:
    """A tensor on an array; None if there is none."""
    return None if array is None else wrap(array)


def assigned_and_returned(
    traced: Any,
    tensors: Sequence[Any],
    arguments: Sequence[Any] | None = None,
    past: Sequence[Any] | None = None,
) -> Any:
    """The return value; what the function assigned is assigned. The arguments are `filled`'s."""
    structure, kept = traced.results, traced.kept
    if traced.is_all_new:  # in a fifth of the time
        for k in kept:
            k.entry.put(_new(k.value, tensors, past))
        result = _new(structure, tensors, past)
    elif not kept:
        return filled(structure, tensors, arguments, past)
    else:
        result, *values = filled((structure, *[k.value for k in kept]), tensors, arguments, past)
        for k, value in zip(kept, values, strict=True):
            k.entry.put(value)
    for state in traced.states:
        state.found = None
    return result


def _new(structure: Any, tensors: Sequence[Any], past: Sequence[Any] | None) -> Any:
    """A constant, or the tensor or number of a slot that has nothing to do with any other."""
    if type(structure) is not Slot:
        return structure
    x = tensors[structure.index]
    if structure.into_number:
        return x._value.item()
    return x if structure.edge is None or past is None else _with_edge(x, structure, past)


def filled(
    structure: Any,
    tensors: Sequence[Any],
    arguments: Sequence[Any] | None = None,
    past: Sequence[Any] | None = None,
    *,
    stacked: Sequence[int] = (),
) -> Any:
    """The return value: the structure with tensors in its slots.

    Tensors that existed before the call are returned themselves if the `arguments` are given;
    otherwise new ones stand for them. `past` has the histories of tensors; without it none has
    one. `stacked` results hold the numbers of several steps.
    """
    made: dict[int, Any] = {}
    taken: set[int] = set()

    def fill(slot: Slot) -> Any:
        x = made.get(id(slot))
        if x is None:
            x = made[id(slot)] = new(slot)
        return x

    def new(slot: Slot) -> Any:
        view, x = slot.view, tensors[slot.index]
        if arguments is not None and slot.itself is not None:
            x = _outside(slot.itself, arguments)
            is_python = type(x) in NUMBERS
            return x if is_python or not slot.into_number else x._value.item()
        if slot.into_number and slot.index not in stacked:
            return x._value.item()
        if view is not None and slot.index not in stacked:
            if view.owner is None:
                x = x if not view.path and slot.index not in taken else _view(x, view.path, x)
                taken.add(slot.index)
            elif arguments is not None:
                x = _view_of_outside(view, arguments)
        return x if past is None else _with_edge(x, slot, past)

    return filled_in(structure, Slot, fill)


def _with_edge(x: Any, slot: Slot, past: Sequence[Any]) -> Any:
    edge = slot.edge
    if edge is not None and x._edge is None:
        x._edge = past[edge] if type(edge) is int else Leaf(x)
    return x


def _view_of_outside(view: View, arguments: Sequence[Any]) -> Any:
    owner, base = _outside(view.owner, arguments), _outside(view.base, arguments)
    if isinstance(owner, Storage):
        owner = alias(owner.value, owner)
    return _view(owner, view.path, base)


def _outside(x: Any, arguments: Sequence[Any]) -> Any:
    """What a slot says existed before the call: an argument, what a state was, or itself."""
    if isinstance(x, int):
        return arguments[x]
    return x.found if isinstance(x, State) else x


def _view(source: Any, path: tuple[Step, ...], base: Any) -> Any:
    """A tensor on the memory of `source`, viewed through more steps; without history."""
    value = source._value
    for primitive, params in path:
        value = primitive.value(value, **params)
    x = alias(value, source._storage, extended(source._view, path))
    if base is not None and path:
        x._base = base = base_of(base)
        # Its steps start where the base's view ends.
        begun = len(steps(base._view))
        x._view = extended(base._view, steps(x._view)[begun:])
        x._stamp = base._stamp
    return x
