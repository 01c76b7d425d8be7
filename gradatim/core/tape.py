"""Apply a primitive to tensors, and record it on the tape if a gradient may be needed."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from . import handle
from .changes import note_change
from .context import GradMode, local
from .handle import alias, bare_step, steps
from .nodes import Edge, Node, Output, pass_on_retain
from .storage import clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .primitive import Primitive


def bind(primitive: Primitive, /, *inputs: Any, **params: Any) -> Any:
    """Run `primitive` on tensors; the result is a tensor, or a tuple of them.

    Every operation passes through here, so its cost is the library's eager overhead: the common
    cases are inlined here and in `record`.
    """
    context = local.context
    value = context.backend.execute(primitive, inputs, params)
    out: Any
    if primitive.is_plain:
        out = handle.bare()  # `wrap`, inlined
        out._value = value
        out._base = out._edge = out._shared = None
    elif primitive.is_view:
        out = _view_of(inputs[0], primitive, params, value)
    else:
        out = tuple([handle.wrap(v) for v in value])
    if context.grad_enabled and primitive.differentiable:
        record(primitive, inputs, params, out)
        if context.anomaly:
            _remember_call(out)
    return out


def record(primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any], out: Any) -> None:
    """Give `out` an entry on the tape, if any input needs a gradient."""
    edges: Sequence[Edge | None]
    if len(inputs) == 2:
        x, y = inputs
        a = x._edge if x._base is None else history(x)
        b = y._edge if y._base is None else history(y)
        if a is None and b is None:
            return
        edges, wanted = (a, b), 1 if b is None else 2 if a is None else 3
    elif len(inputs) == 1:
        (x,) = inputs
        a = x._edge if x._base is None else history(x)
        if a is None:
            return
        edges, wanted = (a,), 1
    else:
        edges = [history(x) for x in inputs]
        wanted = sum([1 << i for i, edge in enumerate(edges) if edge is not None])
        if not wanted:
            return
    plans = primitive.plans  # by the bit set of inputs that need a gradient
    plan = plans[wanted] if wanted in plans else primitive.plan(wanted, len(edges))
    node = Node()
    node.plan = plan
    node.params = params
    node.edges = edges
    node.saved = plan.pick(inputs) if plan.pick else inputs[plan.kept] if plan.keeps else ()
    node.hooks = None
    node.time = next(clock)
    if plan.is_plain:
        out._edge = node
        if plan.keeps_out:
            node.out = out._value  # replaced by its storage once that is created
    else:
        _keep_more(node, inputs, out)


def _keep_more(node: Node, inputs: tuple[Any, ...], out: Any) -> None:
    """Fill the fields that only some entries need: input types, several outputs."""
    plan = node.plan
    if plan.typed:
        node.types = {i: inputs[i]._type for i in plan.typed}
    if type(out) is not tuple:
        if plan.keeps_out:
            node.out = out._storage
        if out._value.dtype.kind == "f":  # a cast to integers ends the gradient's path
            out._edge = node
        return
    node.out = tuple([o._storage if n else None for o, n in zip(out, plan.needed, strict=True)])
    for i, o in enumerate(out):
        if o._value.dtype.kind == "f":
            o._edge = Output(node, i)


def _remember_call(out: Any) -> None:
    for x in out if type(out) is tuple else (out,):
        edge = x._edge
        if edge is not None:
            (edge.node if type(edge) is Output else edge).trace = traceback.extract_stack()
            return


def _view_of(source: Any, primitive: Primitive, params: dict[str, Any], value: Any) -> Any:
    """A view of `source` with one more step, on the same storage.

    It has a base even where nothing is recorded, so that a write through it is always noticed.
    """
    step = bare_step()
    step.before, step.primitive, step.params = source._view, primitive, params
    out = alias(value, source._storage, step)
    base = out._base = base_of(source)
    out._stamp = base._stamp
    return out


def base_of(tensor: Any) -> Any:
    """The tensor whose history a view shares; the tensor itself if it is not a view."""
    base = tensor._base
    if base is None:
        return tensor
    while base._base is not None:  # an in-place change of its shape made the base a view itself
        base = tensor._base = base._base
    return base


def history(tensor: Any) -> Edge | None:
    """The tape entry of a tensor, rebuilt if it is a view whose base was written meanwhile."""
    if tensor._base is None:
        return tensor._edge
    base = base_of(tensor)
    if tensor._stamp != base._stamp:
        local.context.backend.touch(tensor)
        before, tensor._edge = tensor._edge, None
        if base._edge is not None:
            seen = base
            with GradMode(True):
                for primitive, params in steps(tensor._view, base._view):
                    seen = bind(primitive, seen, **params)
            tensor._edge = seen._edge
            pass_on_retain(before, seen._edge)
        if (before is None) is not (tensor._edge is None):
            note_change()
        tensor._stamp = base._stamp
    return tensor._edge
