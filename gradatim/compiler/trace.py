"""Running a function once to write down what it does.

The tracer is a backend: it answers every primitive with a variable and notes the equation. Autograd
sits above the backend, so the backward pass and the optimiser's update are noted like all else.

Memory becomes values here. Each storage that is met has a current variable; a write makes a new
one, and a view is read by applying its steps to the current one. So the graph is pure, and what
was written is known at the end: those storages get their last variable when the program runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._tensor.tensor import Tensor
from ..core.context import GradMode, local, using
from ..core.errors import UnknownShape
from ..core.handle import Handle, alias, wrap
from ..core.nodes import Leaf
from ..core.primitive import Primitive, Update
from ..core.storage import Storage
from ..ops.movement import update_view
from .errors import TraceError, user_line
from .ir import Equation, Graph, Params, Var, apply, value_asked_for

_FIELDS = ("_value", "_shared", "_view", "_base", "_edge", "_stamp", "_grad")
_MISSING = object()


@dataclass(frozen=True)
class Capture:
    """A storage that the function read or wrote without being given it.

    `grad_of` says that it belonged to that tensor's `.grad`, which may be another one next time.
    """

    storage: Storage
    grad_of: Handle | None = None


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
    grads: tuple[Handle, ...]  # tensors whose `.grad` is made
    grads_wanted: tuple[tuple[Handle, bool], ...]  # whose `.grad` must (not) be there beforehand
    looked: tuple[tuple[Handle, Any], ...]  # captured tensors that Python read, and what

    @property
    def updates(self) -> list[tuple[int, int]]:
        """Which output takes the place of which input."""
        return [(self.result_count + k, i) for k, i in enumerate(self.written)]

    @property
    def is_steady(self) -> bool:
        """Whether, after a step, what it assumed of `.grad` still holds."""
        made = {id(t) for t in self.grads}
        return not any(not there and id(t) in made for t, there in self.grads_wanted)


@dataclass(frozen=True)
class Slot:
    """The place of a tensor in what a function returned."""

    index: int
    kind: type[Tensor] = Tensor


@dataclass
class Tracer:
    """The backend that writes equations."""

    equations: list[Equation] = field(default_factory=list)
    current: dict[Storage, Var] = field(default_factory=dict)
    captured: dict[Storage, tuple[Var, Handle]] = field(default_factory=dict)
    met: dict[int, tuple[Handle, dict[str, Any]]] = field(default_factory=dict)
    written: dict[Storage, None] = field(default_factory=dict)
    looked: dict[int, tuple[Handle, Any]] = field(default_factory=dict)
    made: set[Var] = field(default_factory=set)
    noting_lines: bool = True
    line: str = ""

    # -- the backend's methods -------------------------------------------------------------

    def execute(self, primitive: Primitive, inputs: tuple[Handle, ...], params: Params) -> Any:
        """Note the equation; its variables are the value."""
        line = user_line() if self.noting_lines else self.line
        try:
            equation = apply(primitive, [self.read(x) for x in inputs], params, line)
        except UnknownShape as error:
            raise TraceError(f"compile: {user_line()}: {error}") from None
        self.equations.append(equation)
        self.made.update(equation.outputs)
        return equation.outputs if len(primitive.outputs) > 1 else equation.outputs[0]

    def write(self, target: Handle, source: Handle) -> None:
        """The target's storage has a new current variable."""
        self.meet(target)
        value, storage = self.read(source), target._storage
        root = self.root(target)
        if target._view:
            kept, part = wrap(root), wrap(value)
            value = self.execute(update_view, (kept, part), {"view": target._view})
        self.current[storage] = value
        self.written[storage] = None

    def update(self, update: Update, inputs: tuple[Handle, ...], params: Params) -> None:
        """An update in library operations, and a write for each thing that it replaces."""
        with GradMode(False):
            found = update.expand(*[wrap(self.read(x)) for x in inputs], **params)
        results = found if isinstance(found, tuple) else (found,)
        for i, result in zip(update.replaces, results, strict=True):
            self.write(inputs[i], result)

    def numbers(self, x: Handle) -> Any:
        """The array of a captured tensor that Python looks at: it has to stay what it is."""
        if isinstance(x._value, Var) or x._storage in self.written:
            raise TraceError(value_asked_for())
        self.looked.setdefault(id(x), (x, x._value.copy()))
        seen = x._value.view()
        seen.flags.writeable = False  # nobody would notice what NumPy writes here
        return seen

    # -- memory ----------------------------------------------------------------------------

    def read(self, x: Handle) -> Var:
        """The variable that a tensor is now."""
        value, shared = x._value, x._shared
        if isinstance(value, Var) and (shared is None or shared not in self.current):
            if value not in self.made:
                raise TraceError(
                    f"compile: {user_line()} uses a tensor that was made inside another compiled "
                    "function while that was traced; return it from there instead of keeping it"
                )
            return value
        self.meet(x)
        value = self.root(x)
        for primitive, params in x._view:
            value = self.execute(primitive, (wrap(value),), params)
        return value

    def root(self, x: Handle) -> Var:
        """The current variable of the whole storage of a tensor; of one met first, an input."""
        storage = x._storage
        if storage not in self.current:
            value = storage.value
            if not isinstance(value, Var):
                value = Var(value.shape, value.dtype)
                self.captured[storage] = (value, x)
                self.made.add(value)
            self.current[storage] = value
        return self.current[storage]

    def meet(self, x: Handle) -> None:
        """Remember what a tensor from outside was like, to leave it as it was."""
        for seen in (x, x._base):
            if seen is not None and id(seen) not in self.met and not isinstance(seen._value, Var):
                kept = {name: seen.__dict__.get(name, _MISSING) for name in _FIELDS}
                self.met[id(seen)] = (seen, kept)

    def restore(self) -> None:
        """Leave every tensor from outside as it was."""
        for tensor, kept in self.met.values():
            for name, value in kept.items():
                if value is _MISSING:
                    tensor.__dict__.pop(name, None)
                else:
                    tensor.__dict__[name] = value


def trace(function: Callable[..., Any], arguments: Sequence[Any]) -> Traced:
    """Run `function` on variables in the place of the tensors among its arguments.

    Nothing that was there before is changed, whether the function succeeds or raises.

    Errors: TraceError if it asks for the numbers in a tensor.
    """
    if isinstance(local.context.backend, Tracer):
        raise TraceError("compile: a compiled function was called while another one is traced")
    tracer = Tracer()
    stand_ins = [_stand_in(tracer, a) if isinstance(a, Handle) else a for a in arguments]
    inputs = [s for s in stand_ins if isinstance(s, Handle)]
    given = [s._value for s in inputs]
    try:
        with using(tracer):
            returned = function(*stand_ins)
            return _finish(tracer, inputs, given, returned)
    finally:
        tracer.restore()


def _stand_in(tracer: Tracer, argument: Handle) -> Handle:
    """A tensor like an argument whose value is a variable."""
    var = Var(argument._value.shape, argument._value.dtype)
    tracer.made.add(var)
    new: Handle = alias(var, Storage(var))
    if argument._edge is not None or argument._base is not None:
        new._edge = Leaf(new)
    return new


def _finish(tracer: Tracer, inputs: Sequence[Handle], given: list[Var], returned: Any) -> Traced:
    results: list[Var] = []
    structure = _slots(returned, tracer, results)
    captures, sources = [], list(given)
    met = [t for t, _ in tracer.met.values()]
    grads_before = {id(g): t for t, g in _grads_before(tracer) if g is not None}
    for storage, (var, handle) in tracer.captured.items():
        captures.append(Capture(storage, grads_before.get(id(handle))))
        sources.append(var)
    storages = [s._storage for s in inputs] + [c.storage for c in captures]
    written = tuple(i for i, s in enumerate(storages) if s in tracer.written)
    changed = [t for t in met if _grad_now(t) is not _grad_then(tracer, t)]
    made = [t for t in changed if t._grad is not None]
    outputs = [*results, *(tracer.current[storages[i]] for i in written)]
    outputs += [tracer.read(t._grad) for t in made]
    graph = Graph(tuple(sources), tuple(tracer.equations), tuple(outputs))
    return Traced(
        graph,
        tuple(captures),
        structure,
        len(results),
        written,
        tuple(made),
        tuple(_grads_wanted(tracer, changed, captures)),
        tuple(tracer.looked.values()),
    )


def _grad_now(t: Handle) -> Any:
    return t._grad


def _grad_then(tracer: Tracer, t: Handle) -> Any:
    grad = tracer.met[id(t)][1]["_grad"]
    return None if grad is _MISSING else grad


def _grads_before(tracer: Tracer) -> list[tuple[Handle, Any]]:
    return [(t, _grad_then(tracer, t)) for t, _ in tracer.met.values()]


def _grads_wanted(
    tracer: Tracer, changed: Sequence[Handle], captures: Sequence[Capture]
) -> list[tuple[Handle, bool]]:
    """Which `.grad` must be there, or must not, for the graph to be right.

    One that was there and was never looked at may be there or not. One that was not there may
    have been asked for by the backward pass.
    """
    used = [(c.grad_of, True) for c in captures if c.grad_of is not None]
    absent = [(t, False) for t in changed if _grad_then(tracer, t) is None]
    return used + absent


def _slots(value: Any, tracer: Tracer, results: list[Var]) -> Any:
    """What a function returned, with places for the tensors in it."""
    if isinstance(value, Handle):
        if not isinstance(value._value, Var) and value._storage not in tracer.current:
            return value  # a tensor from outside, not touched: itself
        results.append(tracer.read(value))
        return Slot(len(results) - 1)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*[_slots(v, tracer, results) for v in value])
    if isinstance(value, tuple | list):
        return type(value)(_slots(v, tracer, results) for v in value)
    if isinstance(value, dict):
        return {k: _slots(v, tracer, results) for k, v in value.items()}
    return value


def filled(structure: Any, tensors: Sequence[Any]) -> Any:
    """What a function returns, with tensors in the places left for them."""
    if isinstance(structure, Slot):
        return tensors[structure.index]
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):
        return type(structure)(*[filled(v, tensors) for v in structure])
    if isinstance(structure, tuple | list):
        return type(structure)(filled(v, tensors) for v in structure)
    if isinstance(structure, dict):
        return {k: filled(v, tensors) for k, v in structure.items()}
    return structure
