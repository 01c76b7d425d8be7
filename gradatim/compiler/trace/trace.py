"""Runs a function once and records what it does."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from ...core.context import local, using
from ...core.handle import Handle
from ...core.storage import tick
from ..errors import TraceError
from ..guards.assignments import Assignment
from ..ir.graph import Graph
from .assigned import Assigned, TraceAgain, sorted_out
from .given import Given
from .grads import TracedGrads
from .integers import is_steady, sizes
from .joint import Joint, joint
from .results import Ended, Results, is_traced, no_way_back
from .states import LARGEST, State
from .structure import tensors_in
from .traced import Capture, Traced
from .tracer import Tracer


def trace(
    function: Callable[..., Any],
    arguments: Sequence[Any],
    name: str = "",
    find_assigned: Callable[[], Sequence[Assignment]] = tuple,
    states: Sequence[State] = (),
) -> Traced:
    """Run `function` on variables in place of the tensors among its arguments.

    Nothing that existed before is changed, whether the function succeeds or raises. `name` is the
    name of the function in error messages; `find_assigned` gives what it has assigned to
    attributes, items and variables, among which are the `states`.

    Errors: TraceError if it asks for the values in a tensor, or does what a graph cannot express;
    TraceAgain if it writes into a state.
    """
    __tracebackhide__ = True
    if isinstance(local.context.backend, Tracer):
        raise TraceError("compile: a function cannot be traced while another one is")
    watcher = sys.getprofile()
    tracer = Tracer(watcher=watcher if getattr(watcher, "is_watch", False) else None)
    given = Given(tracer, [a for a in arguments if isinstance(a, Handle)])
    context = local.context
    modes, since = (context.grad_enabled, context.anomaly), tick()
    try:
        with using(tracer):
            returned = function(*[given.stand_in.get(id(a), a) for a in arguments])
            tracer.put_back()
            tracer.check_taken()
            given.check()
            assigned = _assigned(tracer, returned, find_assigned(), states)
            return _finish(tracer, given, returned, assigned, name or _name_of(function), since)
    finally:
        for assignment in reversed(find_assigned()):  # of the items added to a list, the last first
            assignment.undo()
        context.grad_enabled, context.anomaly = modes
        tracer.restore()


def _name_of(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", type(function).__name__)


def _assigned(
    tracer: Tracer, returned: Any, found: Sequence[Assignment], states: Sequence[State]
) -> Assigned:
    """What the function assigned; the states that it read are marked as written."""
    inside = [s for s in states if s.memory._storage in tracer.captured]
    if unfit := [s.entry for s in inside if s.memory._storage in tracer.written]:
        raise TraceAgain(others=unfit)
    if unfit := [s.entry for s in states if id(s.memory) in tracer.looked]:
        raise TraceAgain(others=unfit)
    shown = tensors_in((returned, [a.now for a in found]))
    met = {*map(id, shown)} | tracer.met.keys() | tracer.looked.keys()
    aliases = {x._shared for x in shown if x._shared is not None}
    read = tracer.captured.keys() | tracer.current.keys() | aliases
    return sorted_out(found, states, lambda x: id(x) in met or x._shared in read)


def _finish(
    tracer: Tracer, given: Given, returned: Any, assigned: Assigned, name: str, since: int
) -> Traced:
    grads = TracedGrads(tracer, given)
    collected = _results(tracer, given, grads, assigned)
    structure, *values = collected.take((returned, *[a.now for a in assigned.again]))
    results = [tracer.root(x) if is_whole else tracer.read(x) for x, is_whole in collected.found]
    made = [(t, tracer.read(grad)) for t, grad in grads.made()]
    cleared, owners = tuple(grads.cleared()), grads.owners()
    way, past = _way_back(tracer, given, collected.with_history, name, since)
    tracer.settle(assigned.new_states())  # after gradient rules, which read the old ones
    _bound_integers(tracer, assigned.states)
    captured = tracer.captured.items()
    captures = tuple(Capture(s, owners.get(id(handle))) for s, (_, handle) in captured)
    storages = [*given.storages, *[s for s, _ in captured]]
    written = tuple(i for i, s in enumerate(storages) if s in tracer.written)
    outputs = [*results, *(tracer.current[storages[i]] for i in written), *(v for _, v in made)]
    inputs = [*given.variables, *[var for _, (var, _) in captured]]
    return Traced(
        graph=Graph(tuple(inputs), tuple(tracer.equations), tuple(outputs)),
        captures=captures,
        results=structure,
        result_count=len(results),
        written=written,
        grads=tuple(t for t, _ in made),
        cleared=cleared,
        grads_wanted=tuple(grads.wanted(captures)),
        looked=tuple(tracer.looked.values()),
        joint=way,
        past=past,
        kept=assigned.kept(values),
        states=assigned.states,
    )


def _results(tracer: Tracer, given: Given, grads: TracedGrads, assigned: Assigned) -> Results:
    places = {id(new): i for i, _, new in given.pairs()}
    at = {s: i for i, s in enumerate(given.storages)}
    owned = grads.storages()  # the `.grad` tensors will be others in the next call
    return Results(
        places,
        at,
        lambda x: not is_traced(x) and x._storage not in tracer.current,
        lambda s: s in at or (s in tracer.captured and s not in owned),
        assigned.by_storage(),
    )


def _bound_integers(tracer: Tracer, states: Sequence[State]) -> None:
    """Make sure that integers fit into 64 bits. Errors: TraceAgain, if they may not."""
    integers = {
        s: tracer.captured[s.memory._storage][0]
        for s in states
        if s.kind is int and s.memory._storage in tracer.captured
    }
    found = sizes(tracer.equations, dict.fromkeys(integers.values(), LARGEST))
    if found is None:
        raise TraceAgain(others=[s.entry for s in integers])
    for s in integers:
        last = tracer.current[s.memory._storage]
        s.is_small = last not in found or is_steady(found[last])


def _way_back(
    tracer: Tracer, given: Given, roots: Sequence[Handle], name: str, since: int
) -> tuple[Joint | None, tuple[Ended, ...]]:
    """The backward pass through a function; without one, the ends of its results' histories."""
    try:
        return joint(tracer, given, roots, since), ()
    except Exception as why:  # backward(), which may never be called, would raise it
        return None, (Ended(no_way_back(name, str(why))),) * len(roots)
