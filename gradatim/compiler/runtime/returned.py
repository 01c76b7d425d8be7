"""The return value of a call: its tensors, some of which share memory with others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.handle import Step, alias, extended, steps, wrap
from ...core.nodes import Leaf
from ...core.tape import base_of
from ..trace.results import Slot, View
from ..trace.structure import filled_in


def returned(traced: Any, arrays: Sequence[Any], arguments: Sequence[Any]) -> Any:
    """The return value of a traced function whose results are these arrays.

    What the function assigned to attributes, items and variables is assigned now.
    """
    structure = traced.results
    if traced.kept:
        return assigned_and_returned(traced, [*map(wrapped, arrays)], arguments, traced.past)
    if type(structure) is Slot and structure.itself is None and structure.view is None:
        only = wrap(arrays[structure.index])  # the common case, in a fifth of the time
        if structure.edge is not None:
            _with_edge(only, structure, traced.past)
        return only
    return filled(structure, [*map(wrapped, arrays)], arguments, traced.past)


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
    result, *values = filled(
        (traced.results, *[k.value for k in traced.kept]), tensors, arguments, past
    )
    for kept, value in zip(traced.kept, values, strict=True):
        kept.entry.put(value)
    return result


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
        if arguments is not None and slot.itself is not None:
            return arguments[slot.itself] if isinstance(slot.itself, int) else slot.itself
        view, x = slot.view, tensors[slot.index]
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
    base = arguments[view.base] if isinstance(view.base, int) else view.base
    if isinstance(view.owner, int):
        return _view(arguments[view.owner], view.path, base)
    assert view.owner is not None
    return _view(alias(view.owner.value, view.owner), view.path, base)


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
