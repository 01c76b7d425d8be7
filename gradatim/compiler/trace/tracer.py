"""The backend that records equations: it answers every primitive with a variable.

Autograd sits above the backend, so the backward pass and the optimiser's update are recorded like
everything else. Memory becomes values: each storage that is met has a current variable; a write
makes a new one, and a view is read by applying its steps to the current one. So the graph is pure,
and the storages that were written get their last variable when the program runs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...core.context import GradMode
from ...core.errors import UnknownShape
from ...core.gradient import grad_of
from ...core.handle import Handle, alias, steps, wrap
from ...core.primitive import Primitive
from ...core.storage import Storage
from ...core.update import Update
from ...ops.broadcast import repeated
from ...ops.creation import constant, filled
from ...ops.movement import reinterpret, update_view
from ..errors import TraceError
from ..ir.graph import Equation, Params, Var, apply, kept_from_trace, value_asked_for
from ..user_line import user_line
from .known import known
from .layout import computed, keeps_order, one_place, seen_through, strided_steps, variable_like
from .results import is_traced
from .shown import Known, shown

_FIELDS = ("_value", "_shared", "_view", "_base", "_edge", "_stamp", "_grad")


@dataclass
class Tracer:
    """The backend that records equations."""

    equations: list[Equation] = field(default_factory=list)
    current: dict[Storage, Var] = field(default_factory=dict)
    captured: dict[Storage, tuple[Var, Handle]] = field(default_factory=dict)
    met: dict[int, tuple[Handle, dict[str, Any]]] = field(default_factory=dict)
    written: dict[Storage, None] = field(default_factory=dict)
    looked: dict[int, tuple[Handle, Any]] = field(default_factory=dict)
    seen: Known = field(default_factory=dict)
    times: dict[Storage, int] = field(default_factory=dict)
    grads: dict[int, str] = field(default_factory=dict)  # the first thing done to each `.grad`
    lines: dict[int, str] = field(default_factory=dict)  # where a tensor was last touched
    adopted: set[Storage] = field(default_factory=set)
    taken: set[Storage] = field(default_factory=set)  # parts by an unknown number: no views
    torn: set[Storage] = field(default_factory=set)  # those written and not put back
    constants: dict[Var, Any] = field(default_factory=dict)
    made: set[Var] = field(default_factory=set)
    noting_lines: bool = True
    line: str = ""
    part_of: str = ""
    watcher: Any = None  # the profile function of the guards' watch, if there is one

    # -- the backend's methods -------------------------------------------------------------

    def execute(self, primitive: Primitive, inputs: tuple[Handle, ...], params: Params) -> Any:
        """Record the equation; its variables are the result."""
        watcher = self.watcher
        if watcher is None:
            return self._execute(primitive, inputs, params)
        # Nothing here reads the user's objects, and most function calls happen here: no watching.
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
        if primitive is reinterpret:
            raise TraceError(
                f"compile: {user_line()} uses memory as numbers of another dtype than before, "
                "which is done outside of programs only: call view(dtype) there and pass a clone()"
            )
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
        """The inputs of `update_view` for steps that strides can express.

        Memory is contiguous here. A view that strides can express only in the tensor's own layout
        is updated in two parts.
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
        """Give the target's storage a new current variable."""
        self.meet(target)
        value, storage = self.read(source), target._storage
        if storage in self.adopted:
            raise TraceError(
                f"compile: {user_line()} writes into an array that was passed to from_numpy in the "
                "compiled function; do one of the two outside, or use gradatim.tensor(array)"
            )
        if storage in self.taken:
            self.torn.add(storage)
        root = self.root(target)
        if target._view:
            whole, part = wrap(root), wrap(value)
            value = self.execute(update_view, (whole, part), {"view": steps(target._view)})
        self.current[storage] = value
        self.written[storage] = None

    def update(self, update: Update, rows: Sequence[tuple[Handle, ...]], params: Params) -> None:
        """One equation for each row, and a write for each input that the update replaces."""
        for inputs in rows:
            returned = self.execute(update, inputs, params)
            results = returned if isinstance(returned, tuple) else (returned,)
            for i, result in zip(update.replaces, results, strict=True):
                self.write(inputs[i], wrap(result))

    def numbers(self, x: Handle) -> Any:
        """The array of a captured tensor that Python reads; a guard makes sure of its values.

        Or of a tensor that follows from constants.
        """
        if isinstance(x._value, Var):
            array = known(self.read(x), self.equations, self.constants)
            if array is None:
                raise TraceError(value_asked_for())
            return _read_only(array)
        if x._storage in self.written:
            raise TraceError(value_asked_for())
        self.looked.setdefault(id(x), (x, x._value.copy()))
        return _read_only(x._value)

    def touch(self, x: Any, what: str = "") -> None:
        """Record a tensor before it is changed; refuse access to a generator's state."""
        if not isinstance(x, Handle):
            raise TraceError(
                f"compile: {user_line()} gets or sets the state of a random generator, "
                "which would happen only now, while the function is traced; do it outside"
            )
        self.meet(x)
        if what == "added":
            what = "asked"
        if what == "taken":
            self.taken.add(x._storage)
        if what == "put back":
            self.torn.discard(x._storage)
        if what == "adopted":
            self.adopted.add(x._storage)
        elif id(x) not in self.met:
            pass  # created by the function
        elif what:
            self.grads.setdefault(id(x), what)
        else:
            self.lines[id(x)] = user_line()

    def constant(self, array: Any) -> Var:
        """An array from Python: a scalar is written into the graph, larger ones are captured.

        Every call begins with these values, whatever is written into the tensor.
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
        """The current variable of a tensor."""
        value, shared = x._value, x._shared
        if isinstance(value, Var) and (shared is None or shared not in self.current):
            if value not in self.made:
                raise TraceError(kept_from_trace())
            return value
        self.meet(x)
        return shown(self.seen, self.root(x), x._view, self.execute)

    def root(self, x: Handle) -> Var:
        """The current variable of a tensor's whole storage; a storage met first is captured."""
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
        """Record the state of a tensor that existed before, so that it can be restored."""
        for t in (x, x._base):
            if t is not None and id(t) not in self.met and not isinstance(t._value, Var):
                self.times.setdefault(t._storage, t._storage.time)
                grad_of(t, at_once=True)  # a tensor, not a deferred one: it is identified by id
                kept = {name: t.__dict__[name] for name in _FIELDS if name in t.__dict__}
                self.met[id(t)] = (t, kept)

    def check_taken(self) -> None:
        """Refuse writes into a part of a tensor that was taken by a number, and is no view."""
        if self.torn:
            raise TraceError(value_asked_for())

    def put_back(self) -> None:
        """Write the new memory that tensors were given (by `.data = `) into their old memory.

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
                    "other memory, or another shape or dtype; do that outside, or write into it "
                    "with copy_()"
                )
            with GradMode(False):
                self.write(old, wrap(value))

    def settle(self, changed: Iterable[tuple[Handle, Handle]]) -> None:
        """Write new values into old tensors, given in pairs (old, new)."""
        pairs = [(old, self.read(new)) for old, new in changed]  # before any of them is written
        with GradMode(False):
            for old, value in pairs:
                self.write(old, wrap(value))

    def restore(self) -> None:
        """Restore every tensor that existed before."""
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
    seen.flags.writeable = False  # what NumPy writes here would be lost
    return seen
