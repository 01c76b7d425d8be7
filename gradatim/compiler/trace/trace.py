"""Running a function once to write down what it does.

The tracer is a backend: it answers every primitive with a variable and notes the equation. Autograd
sits above the backend, so the backward pass and the optimiser's update are noted like all else.

Memory becomes values here. Each storage that is met has a current variable; a write makes a new
one, and a view is read by applying its steps to the current one. So the graph is pure, and what
was written is known at the end: those storages get their last variable when the program runs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...core.context import GradMode, local, using
from ...core.errors import UnknownShape
from ...core.gradient import grad_of
from ...core.handle import Handle, alias, steps, wrap
from ...core.nodes import Leaf
from ...core.primitive import Primitive
from ...core.storage import Storage, tick
from ...core.tape import history
from ...core.update import Update
from ...ops.broadcast import repeated
from ...ops.creation import constant, filled
from ...ops.movement import update_view
from ..errors import TraceError, user_line
from ..ir.graph import Equation, Graph, Params, Var, apply, value_asked_for
from .grads import TracedGrads
from .joint import Joint, joint
from .layout import computed, keeps_order, one_place, seen_through, strided_steps, variable_like
from .rebound import Rebound
from .results import Ended, Results, is_traced, no_way_back
from .shown import Known, shown

_FIELDS = ("_value", "_shared", "_view", "_base", "_edge", "_stamp", "_grad")


@dataclass(frozen=True)
class Capture:
    """A storage that the function read or wrote without being given it.

    `grad_of` says that it belonged to the `.grad` of that tensor, or of the argument at that place:
    it may be another one next time.
    """

    storage: Storage
    grad_of: Handle | int | None = None


@dataclass(frozen=True)
class Traced:
    """What a function does: a graph, and where its inputs come from and its outputs go.

    The graph's inputs are the arguments, then the captures; its outputs are the results, then the
    new values of what was written, then gradients for `.grad`.
    """

    graph: Graph
    captures: tuple[Capture, ...]
    results: Any  # what the function returned, with `Slot`s where tensors were
    result_count: int
    written: tuple[int, ...]  # places among the graph's inputs
    grads: tuple[Handle | int, ...]  # tensors, or places of arguments, whose `.grad` is made
    cleared: tuple[Handle | int, ...]  # the same, whose `.grad` is gone afterwards
    grads_wanted: tuple[tuple[Handle, bool], ...]  # whose `.grad` must (not) be there beforehand
    looked: tuple[tuple[Handle, Any], ...]  # captured tensors that Python read, and what
    joint: Joint | None = None  # how gradients go back through it, if results have a history
    past: tuple[Ended, ...] = ()  # that of results through which there is no way back

    @property
    def updates(self) -> list[tuple[int, int]]:
        """Which output takes the place of which input."""
        return [(self.result_count + k, i) for k, i in enumerate(self.written)]

    @property
    def is_steady(self) -> bool:
        """Whether, after a step, what it assumed of `.grad` still holds."""
        made, gone = {id(t) for t in self.grads}, {id(t) for t in self.cleared}
        return not any(id(t) in (gone if there else made) for t, there in self.grads_wanted)


@dataclass
class Tracer:
    """The backend that writes equations."""

    equations: list[Equation] = field(default_factory=list)
    current: dict[Storage, Var] = field(default_factory=dict)
    captured: dict[Storage, tuple[Var, Handle]] = field(default_factory=dict)
    met: dict[int, tuple[Handle, dict[str, Any]]] = field(default_factory=dict)
    written: dict[Storage, None] = field(default_factory=dict)
    looked: dict[int, tuple[Handle, Any]] = field(default_factory=dict)
    seen: Known = field(default_factory=dict)
    times: dict[Storage, int] = field(default_factory=dict)
    grads: dict[int, str] = field(default_factory=dict)  # the first thing done to each `.grad`
    lines: dict[int, str] = field(default_factory=dict)  # where a tensor was touched last
    adopted: set[Storage] = field(default_factory=set)
    constants: dict[Var, Any] = field(default_factory=dict)
    made: set[Var] = field(default_factory=set)
    rebound: Rebound = field(default_factory=Rebound)
    noting_lines: bool = True
    line: str = ""
    part_of: str = ""
    watcher: Any = None  # the watch over what functions are called, if there is one

    # -- the backend's methods -------------------------------------------------------------

    def execute(self, primitive: Primitive, inputs: tuple[Handle, ...], params: Params) -> Any:
        """Note the equation; its variables are the value."""
        watcher = self.watcher
        if watcher is None:
            return self._execute(primitive, inputs, params)
        # What happens here reads nothing of the user's, and is most of what there is to watch.
        sys.setprofile(None)
        try:
            self.watcher = None
            return self._execute(primitive, inputs, params)
        finally:
            self.watcher = watcher
            sys.setprofile(watcher)

    def _execute(self, primitive: Primitive, inputs: tuple[Handle, ...], params: Params) -> Any:
        if primitive is constant:
            return self.constant(**params)
        if primitive is update_view:
            inputs, params = self._in_strides(inputs, params["view"])
        line = user_line() if self.noting_lines else self.line
        try:
            equation = apply(primitive, [self.read(x) for x in inputs], params, line, self.part_of)
        except UnknownShape as error:
            raise TraceError(f"compile: {user_line()}: {error}") from None
        if primitive.is_view:
            out = seen_through(inputs[0]._value, equation)
            equation = replace(equation, outputs=(out,))
        elif primitive is repeated:
            equation = replace(equation, outputs=(one_place(equation.output),))
        elif keeps_order(equation):
            equation = replace(equation, outputs=computed(equation))
        self.equations.append(equation)
        self.made.update(equation.outputs)
        return equation.outputs if len(primitive.outputs) > 1 else equation.outputs[0]

    def _in_strides(
        self, inputs: tuple[Handle, ...], view: tuple[Any, ...]
    ) -> tuple[tuple[Handle, ...], Params]:
        """The inputs of `update_view` for steps that strides can say.

        Memory lies in order here. Steps that are strides only in the order that the tensor's memory
        has outside are taken in two parts.
        """
        whole, part = inputs
        count = strided_steps(whole._value.shape, view)
        if count < len(view):
            middle = whole
            for primitive, params in view[:count]:
                middle = wrap(self.execute(primitive, (middle,), params))
            part = wrap(self.execute(update_view, (middle, part), {"view": view[count:]}))
        return (whole, part), {"view": view[:count]}

    def write(self, target: Handle, source: Handle) -> None:
        """The target's storage has a new current variable."""
        self.meet(target)
        value, storage = self.read(source), target._storage
        if storage in self.adopted:
            raise TraceError(
                f"compile: {user_line()} writes into an array that from_numpy was given inside the "
                "compiled function; do one of the two outside, or take gradatim.tensor(array)"
            )
        root = self.root(target)
        if target._view:
            whole, part = wrap(root), wrap(value)
            value = self.execute(update_view, (whole, part), {"view": steps(target._view)})
        self.current[storage] = value
        self.written[storage] = None

    def update(self, update: Update, rows: Sequence[tuple[Handle, ...]], params: Params) -> None:
        """An equation for each update, and a write for each thing that it replaces."""
        for inputs in rows:
            found = self.execute(update, inputs, params)
            results = found if isinstance(found, tuple) else (found,)
            for i, result in zip(update.replaces, results, strict=True):
                self.write(inputs[i], wrap(result))

    def numbers(self, x: Handle) -> Any:
        """The array of a captured tensor that Python looks at: it has to stay what it is."""
        if isinstance(x._value, Var):
            is_written = x._shared is not None and x._shared in self.current
            if x._value in self.constants and not is_written:
                return _read_only(self.constants[x._value])
            raise TraceError(value_asked_for())
        if x._storage in self.written:
            raise TraceError(value_asked_for())
        self.looked.setdefault(id(x), (x, x._value.copy()))
        return _read_only(x._value)

    def touch(self, x: Any, what: str = "") -> None:
        """Remember what a tensor was like before that; refuse to meddle with a generator."""
        if not isinstance(x, Handle):
            raise TraceError(
                f"compile: {user_line()} asks a random generator for its state or gives it one, "
                "which would happen only now, while the function is traced; do it outside"
            )
        self.meet(x)
        if what == "adopted":
            self.adopted.add(x._storage)
        elif id(x) not in self.met:
            pass  # made by the function
        elif what:
            self.grads.setdefault(id(x), what)
        else:
            self.lines[id(x)] = user_line()

    def rebind(self, table: dict[str, Any], name: str) -> None:
        """Remember what a module's buffer was."""
        self.rebound.note(table, name)

    def constant(self, array: Any) -> Var:
        """Numbers from Python: one is written into the graph, several are an input of it.

        Every call begins with these numbers, whatever is written into the tensor.
        """
        if array.ndim == 0:
            params = {"shape": (), "value": array.item(), "dtype": array.dtype}
            var: Var = self.execute(filled, (), params)
        else:
            array = array if array.flags.c_contiguous else array.copy()
            var, storage = Var(array.shape, array.dtype), Storage(array)
            self.captured[storage] = (var, alias(array, storage))
            self.made.add(var)
        self.constants[var] = array
        return var

    # -- memory ----------------------------------------------------------------------------

    def read(self, x: Handle) -> Var:
        """The variable that a tensor is now."""
        value, shared = x._value, x._shared
        if isinstance(value, Var) and (shared is None or shared not in self.current):
            if value not in self.made:
                raise TraceError(
                    f"compile: {user_line()} uses a tensor that was made while a compiled function "
                    "was traced, and that has no numbers; return it from there instead of keeping "
                    "it, or make it before the first call"
                )
            return value
        self.meet(x)
        return shown(self.seen, self.root(x), x._view, self.execute)

    def root(self, x: Handle) -> Var:
        """The current variable of the whole storage of a tensor; of one met first, an input."""
        storage = x._storage
        if storage not in self.current:
            value = storage.value
            if not isinstance(value, Var):
                value = variable_like(value)
                self.captured[storage] = (value, x)
                self.made.add(value)
            self.current[storage] = value
        return self.current[storage]

    def meet(self, x: Handle) -> None:
        """Remember what a tensor from outside was like, to leave it as it was."""
        for seen in (x, x._base):
            if seen is not None and id(seen) not in self.met and not isinstance(seen._value, Var):
                self.times.setdefault(seen._storage, seen._storage.time)
                grad_of(seen, at_once=True)  # no promise: others are recognised by who they are
                kept = {name: seen.__dict__[name] for name in _FIELDS if name in seen.__dict__}
                self.met[id(seen)] = (seen, kept)

    def put_back(self) -> None:
        """Write what tensors from outside were given as new memory (`.data = `) into the old one.

        So their memory stays the same from call to call, and so do NumPy's views of it.
        """
        for x, kept in list(self.met.values()):
            old = alias(kept["_value"], kept["_shared"], kept.get("_view"))
            if x._shared is old._shared and steps(x._view) == steps(old._view):
                continue
            value = self.read(x)
            if x._type != old._type or not is_traced(x) or x._shared is old._shared:
                raise TraceError(
                    f"compile: {self.lines.get(id(x), 'the function')} gives a tensor from outside "
                    "other memory, or another shape or dtype; do that outside, or write numbers "
                    "into it with copy_()"
                )
            with GradMode(False):
                self.write(old, wrap(value))

    def restore(self) -> None:
        """Leave every tensor from outside as it was."""
        self.rebound.put_back()
        for tensor, kept in self.met.values():
            for name in _FIELDS:
                if name in kept:
                    tensor.__dict__[name] = kept[name]
                else:
                    tensor.__dict__.pop(name, None)
        for storage, time in self.times.items():
            storage.time = time


def _read_only(array: Any) -> Any:
    seen = array.view()
    seen.flags.writeable = False  # nobody would notice what NumPy writes here
    return seen


def trace(function: Callable[..., Any], arguments: Sequence[Any], name: str = "") -> Traced:
    """Run `function` on variables in the place of the tensors among its arguments.

    Nothing that was there before is changed, whether the function succeeds or raises. `name` is
    what the function is called in errors.

    Errors: TraceError if it asks for the numbers in a tensor, or does what no graph can say;
    TraceAgain if it can be traced now and could not before.
    """
    if isinstance(local.context.backend, Tracer):
        raise TraceError("compile: a function is traced while another one is")
    watcher = sys.getprofile()
    tracer = Tracer(watcher=watcher if getattr(watcher, "is_watch", False) else None)
    given = Given(tracer, [a for a in arguments if isinstance(a, Handle)])
    context = local.context
    modes, since = (context.grad_enabled, context.anomaly), tick()
    try:
        with using(tracer):
            returned = function(*[given.stand_in.get(id(a), a) for a in arguments])
            return _finish(tracer, given, returned, name or _name_of(function), since)
    finally:
        context.grad_enabled, context.anomaly = modes
        tracer.restore()


def _name_of(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", type(function).__name__)


class Beyond(Leaf):
    """Where the tape ends for a function whose argument an operation outside made."""

    __slots__ = ()


class Given:
    """The tensors among the arguments, and the tensors that stand in for them.

    One that is given twice has one stand-in, and a second variable that nothing reads.
    """

    def __init__(self, tracer: Tracer, arguments: Sequence[Handle]) -> None:
        self.arguments = arguments
        self.variables = [variable_like(x._value) for x in arguments]
        self.storages = [Storage(v) for v in self.variables]
        tracer.made.update(self.variables)
        self.stand_in: dict[int, Handle] = {}
        for i, x in enumerate(arguments):
            if id(x) not in self.stand_in:
                self.stand_in[id(x)] = self._like(x, i)

    def _like(self, x: Handle, i: int) -> Handle:
        new: Handle = alias(self.variables[i], self.storages[i])
        if x._is_number:
            new._is_number = True
        edge = history(x)
        if edge is not None:
            new._edge = leaf = (Leaf if type(edge) is Leaf else Beyond)(new)
            if type(edge) is Leaf:
                leaf.hooks, leaf.after = edge.hooks, edge.after
            new._grad = grad_of(x, at_once=True)
        return new

    def pairs(self) -> Iterator[tuple[int, Handle, Handle]]:
        """Each argument that is new, with its place and its stand-in."""
        met: set[int] = set()
        for i, x in enumerate(self.arguments):
            if id(x) not in met:
                met.add(id(x))
                yield i, x, self.stand_in[id(x)]

    def check(self) -> None:
        """Refuse what a function did to a stand-in that it cannot do to the argument."""
        for i, _, new in self.pairs():
            if new._shared is not self.storages[i] or new._view:
                raise TraceError(
                    f"compile: an argument (the tensor of shape {[*new._value.shape]} at place "
                    f"{i}) is given other memory or another shape; do that outside"
                )


def _finish(tracer: Tracer, given: Given, returned: Any, name: str, since: int) -> Traced:
    tracer.put_back()
    given.check()
    places = {id(new): i for i, _, new in given.pairs()}
    grads = TracedGrads(tracer, given)
    owned = grads.storages()  # those of a `.grad` are others next time
    at = {s: i for i, s in enumerate(given.storages)}
    found = Results(
        places,
        at,
        lambda x: not is_traced(x) and x._storage not in tracer.current,
        lambda s: s in at or (s in tracer.captured and s not in owned),
        tracer.rebound.storages(),
    )
    structure = found.take(returned)
    results = [tracer.root(x) if is_whole else tracer.read(x) for x, is_whole in found.found]
    tracer.rebound.settle(tracer)
    outside = grads.owners()
    made, cleared = [(t, tracer.read(g)) for t, g in grads.made()], tuple(grads.cleared())
    way, past = _way_back(tracer, given, found.with_history, name, since)
    captures, sources = [], [*given.variables]
    for storage, (var, handle) in tracer.captured.items():
        captures.append(Capture(storage, outside.get(id(handle))))
        sources.append(var)
    storages = given.storages + [c.storage for c in captures]
    written = tuple(i for i, s in enumerate(storages) if s in tracer.written)
    outputs = [*results, *(tracer.current[storages[i]] for i in written), *(v for _, v in made)]
    graph = Graph(tuple(sources), tuple(tracer.equations), tuple(outputs))
    return Traced(
        graph,
        tuple(captures),
        structure,
        len(results),
        written,
        tuple(t for t, _ in made),
        cleared,
        tuple(grads.wanted(captures)),
        tuple(tracer.looked.values()),
        way,
        past,
    )


def _way_back(
    tracer: Tracer, given: Given, roots: Sequence[Handle], name: str, since: int
) -> tuple[Joint | None, tuple[Ended, ...]]:
    """How gradients go back through a function; the end of its results' history if they cannot."""
    try:
        return joint(tracer, given, roots, since), ()
    except Exception as why:  # it would come from backward(), which may never be called
        return None, (Ended(no_way_back(name, str(why))),) * len(roots)
