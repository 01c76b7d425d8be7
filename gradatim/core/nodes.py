"""The three kinds of tape entry: leaves, operations, and single outputs of multi-output operations.

Each has the entries its gradient flows to (`edges`), the time it was made (`time`), and a method
that handles its complete gradient (`visit`).
"""

from __future__ import annotations

import traceback
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy import ndarray

from .context import local
from .errors import AutogradError
from .handle import Handle, alias, same_memory
from .plan import JOINT, OUT, OUT_ARRAY, PARAM, SAVED, TYPE
from .storage import ArrayType, Storage, tick

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .backward import PendingGradients
    from .plan import Plan
    from .primitive import Primitive

Hooks = dict[int, "Callable[[Any], Any]"]
RETAIN = 0  # the key of `retain_grad`, which sees the gradient after all other hooks


class Leaf:
    """A tensor whose `.grad` accumulates the gradients that arrive here; the end of a path."""

    __slots__ = ("__weakref__", "after", "hooks", "tensor")

    name = "AccumulateGrad"
    time = 0  # before every operation, so the walk, newest first, visits leaves last
    edges: tuple[()] = ()

    def __init__(self, tensor: Handle) -> None:
        # Weak, because the tensor references its leaf: this avoids a reference cycle.
        self.tensor = weakref.ref(tensor)
        self.hooks: Hooks | None = None
        self.after: Hooks | None = None  # called with the tensor when its `.grad` is complete

    def hooked(self) -> tuple[int, ...]:
        """The keys of all hooks; each is unique."""
        return (*(self.hooks or ()), *(self.after or ()))

    def visit(self, gradient: Any, pending: PendingGradients, *, fresh: bool) -> None:
        """Add to `.grad`."""
        pending.reach_leaf(self, gradient, fresh=fresh)


class Node:
    """One application of a primitive: where gradients go next, and what the rules need."""

    # `tape` makes one for every recorded call and sets its fields: an `__init__` call would cost
    # more than all of that. Fields that only some entries need may stay unset.
    __slots__ = ("__weakref__", "edges", "hooks", "out", "params", "plan", "saved", "time",
                 "trace", "types")  # fmt: skip

    plan: Plan
    params: dict[str, Any]
    edges: Sequence[Edge | None]  # one per input, None where no gradient is needed
    saved: tuple[Handle, ...] | None  # the inputs that the rules name; None once released
    hooks: Hooks | None
    time: int
    out: Any  # only if the plan keeps outputs: a value, a storage, or the storages of several
    types: dict[int, ArrayType]  # by input position; only if the plan keeps types
    trace: traceback.StackSummary  # only in anomaly mode

    @property
    def primitive(self) -> Primitive:
        """The operation that was applied."""
        return self.plan.primitive

    @property
    def output_count(self) -> int:
        """How many gradients arrive together."""
        return len(self.primitive.outputs)

    @property
    def name(self) -> str:
        """The entry's name in PyTorch's style: `MulBackward0`."""
        words = self.primitive.name.split("_")
        return "".join(w[:1].upper() + w[1:] for w in words) + "Backward0"

    def visit(self, gradient: Any, pending: PendingGradients, *, fresh: bool) -> None:
        """Call the gradient rules and pass their results on."""
        anomaly = local.context.anomaly
        if self.plan.primitive.is_part and not anomaly and pending.add_part(self, gradient):
            return  # slices save nothing, so there is nothing to release
        results = self.pull(gradient)
        if anomaly:
            check_for_nan(self.name, getattr(self, "trace", None), results)
        edges, several = self.edges, type(gradient) is list
        for i, new in results:
            if new is not None:
                # Some rules return the incoming gradient or a view of it: that memory is shared.
                pending.add(edges[i], new, fresh=several or not same_memory(new, gradient))
        if not pending.retain_graph:
            self.release(keep_out=pending.create_graph)

    def pull(self, gradient: Any) -> list[tuple[int, Any]]:
        """The gradients, each with the position of the input it belongs to."""
        saved, params = self.unpack(), self.params
        results = []
        for i, rule, sources in self.plan.rules:
            arguments = []
            for kind, key in sources:
                if kind == SAVED:
                    arguments.append(saved[key])
                elif kind == PARAM:
                    arguments.append(params[key])
                elif kind == TYPE:
                    arguments.append(self.types[key])
                elif kind == OUT:
                    arguments.append(self.output(key))
                elif kind == OUT_ARRAY:
                    arguments.append(self.result if type(self.result) is ndarray else None)
                else:
                    arguments.append(tuple(self.types.values()))
            result = rule(gradient, *arguments)
            if i == JOINT:
                results += [(j, r) for j, r in enumerate(result) if self.edges[j] is not None]
            else:
                results.append((i, result))
        return results

    def unpack(self) -> tuple[Any, ...]:
        """The saved inputs. Errors: AutogradError if released, or overwritten since."""
        saved = self.saved
        if saved is None:
            raise AutogradError(freed(self.name))
        time = self.time
        for x in saved:
            shared = x._shared
            if shared is not None and (shared.time > time or shared.group.time > time):
                raise AutogradError(overwritten(self.name, f"an input of shape {[*x._type.shape]}"))
        if True in self.plan.needed:
            for kept in self.out if type(self.out) is tuple else (self.out,):
                if type(kept) is Storage and kept.written > time:
                    raise AutogradError(overwritten(self.name, "its result"))
        return saved

    def output(self, index: int) -> Any:
        """A saved output as a tensor, with the original's place on the tape."""
        kept = self.out
        if type(kept) is tuple:
            tensor = alias(kept[index].value, kept[index])
            tensor._edge = Output(self, index)
            return tensor
        if type(kept) is not Storage:
            kept = self.out = Storage(kept)
        tensor = alias(kept.value, kept)
        tensor._edge = self
        return tensor

    @property
    def result(self) -> Any:
        """The single result's value; None if not saved, overwritten, or one of several."""
        kept = self.out if self.plan.keeps_out else ()
        if type(kept) is Storage:
            return None if kept.written > self.time else kept.value
        return None if type(kept) is tuple else kept

    def release(self, *, keep_out: bool) -> None:
        """Free the saved values; entries that saved none can be walked again.

        `keep_out` keeps the storage of the result: with create_graph, the gradient's own graph
        checks there whether the result was overwritten.
        """
        if self.saved or self.plan.keeps_out:
            self.saved = None
            if not keep_out:
                self.out = ()


class Output:
    """One output of a multi-output operation; its gradient is collected with the others'."""

    __slots__ = ("__weakref__", "hooks", "index", "node", "time")

    def __init__(self, node: Any, index: int) -> None:
        self.node = node
        self.index = index
        self.hooks: Hooks | None = None
        self.time = tick()

    @property
    def edges(self) -> tuple[Any]:
        """The operation itself."""
        return (self.node,)

    @property
    def name(self) -> str:
        """The operation's name."""
        return str(self.node.name)

    def visit(self, gradient: Any, pending: PendingGradients, *, fresh: bool) -> None:
        """Put the gradient in its place among the operation's."""
        pending.add_slot(self, gradient)


Edge = Leaf | Node | Output | Any  # Any: the entry of an `autograd.Function`


def pass_on_retain(old: Edge | None, new: Edge | None) -> None:
    """Move a `retain_grad` hook, which belongs to the tensor, from its old entry to its new one."""
    if old is not None and new is not None and old.hooks and RETAIN in old.hooks:
        new.hooks = {**(new.hooks or {}), RETAIN: old.hooks.pop(RETAIN)}


def freed(name: str) -> str:
    """The message for a second walk over an entry whose saved values were freed."""
    return (
        f"backward: the graph behind {name} was already walked and its saved values freed; "
        "pass retain_graph=True to the first backward() if you need a second one"
    )


def overwritten(name: str, what: str) -> str:
    """The message for a saved value that was overwritten after the forward pass."""
    return (
        f"backward: {name} needs {what}, but it was overwritten in place since; "
        "use the out-of-place form (x = x + 1 instead of x += 1) or write to a .clone()"
    )


def check_for_nan(name: str, trace: Any, results: Iterable[tuple[int, Any]]) -> None:
    """Anomaly mode: refuse a gradient with nan, and name the forward call it belongs to."""
    for i, gradient in results:
        if gradient is not None and bool((gradient != gradient).any()):
            where = "  (not recorded: detect_anomaly was off)\n" if trace is None else _calls(trace)
            raise AutogradError(
                f"backward: {name} returned nan for its input {i}; the forward call was\n{where}"
            )


def _calls(trace: traceback.StackSummary) -> str:
    """The last stack frames outside the library: the user's code, or a model's."""
    package = Path(__file__).parents[1]
    rooms = tuple(str(package / room) for room in ("core", "ops", "_tensor", "autograd", "nn"))
    calls = [call for call in trace if not call.filename.startswith(rooms)]
    return "".join(traceback.format_list(calls[-4:]))
