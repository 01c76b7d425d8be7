"""Apply a primitive, and note it down if somebody will want the gradient."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from .context import GradMode, local
from .handle import alias, new_storage, wrap
from .nodes import Edge, Node, Output, pass_on_retain
from .storage import tick

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .primitive import Primitive


def bind(primitive: Primitive, /, *inputs: Any, **params: Any) -> Any:
    """Run `primitive` on tensors; the result is a tensor, or a tuple of them.

    This is the one door to the arithmetic, so its cost is the library's eager overhead: what is
    spelled out here for one and two inputs, most calls have.
    """
    context = local.context
    value = context.backend.execute(primitive, inputs, params)
    out: Any
    if primitive.is_plain:
        out = wrap(value)
    elif primitive.is_view:
        out = _view_of(inputs[0], primitive, params, value)
    else:
        out = tuple([wrap(v) for v in value])
    if context.grad_enabled and primitive.differentiable:
        if len(inputs) == 2:
            x, y = inputs
            a = x._edge if x._base is None else history(x)
            b = y._edge if y._base is None else history(y)
            if a is not None or b is not None:
                wanted = 3 if a is not None and b is not None else 1 if b is None else 2
                _enter(primitive, inputs, params, (a, b), wanted, out)
        elif len(inputs) == 1:
            (x,) = inputs
            a = x._edge if x._base is None else history(x)
            if a is not None:
                _enter(primitive, inputs, params, (a,), 1, out)
        else:
            record(primitive, inputs, params, out)
        if context.anomaly:
            _remember_call(out)
    return out


def record(primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any], out: Any) -> None:
    """Give `out` its place on the tape, if any input wants a gradient."""
    edges: list[Edge | None] = []
    wanted, bit = 0, 1
    for x in inputs:
        edge = x._edge if x._base is None else history(x)
        edges.append(edge)
        if edge is not None:
            wanted += bit
        bit += bit
    if wanted:
        _enter(primitive, inputs, params, edges, wanted, out)


def _enter(
    primitive: Primitive,
    inputs: tuple[Any, ...],
    params: dict[str, Any],
    edges: Sequence[Edge | None],
    wanted: int,
    out: Any,
) -> None:
    """An entry on the tape; `wanted` has a bit set for every input that has an edge."""
    plans = primitive.plans
    plan = plans[wanted] if wanted in plans else primitive.plan(wanted, len(edges))
    node = Node()
    node.plan = plan
    node.params = params
    node.edges = edges
    node.saved = inputs[plan.kept] if plan.pick is None else plan.pick(inputs)
    node.hooks = None
    node.time = tick()
    if plan.is_plain:
        out._edge = node
        if plan.keeps_out:
            node.out = (out._shared or new_storage(out),)
    else:
        _keep_more(node, inputs, out)


def _keep_more(node: Node, inputs: tuple[Any, ...], out: Any) -> None:
    """What only some entries need: input types, several outputs, one that may not be floating."""
    plan = node.plan
    if plan.typed:
        node.types = {i: inputs[i]._type for i in plan.typed}
    if type(out) is not tuple:
        if plan.keeps_out:
            node.out = (out._storage,)
        if out._value.dtype.kind == "f":  # a cast may leave the floats
            out._edge = node
        return
    node.out = tuple([o._storage for o in out])
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
    """A tensor on the storage of `source`, seen through one more step.

    A view made without a tape has a base too, so that a write to it cannot go unnoticed.
    """
    out = alias(value, source._storage, (*source._view, (primitive, params)))
    base = out._base = base_of(source)
    out._stamp = base._stamp
    return out


def base_of(tensor: Any) -> Any:
    """The tensor whose history a view shares; a tensor that is no view is its own."""
    base = tensor._base
    if base is None:
        return tensor
    while base._base is not None:  # its shape was changed in place: now it is a view itself
        base = tensor._base = base._base
    return base


def history(tensor: Any) -> Edge | None:
    """The tape entry of a tensor, made anew if it is a view of something written since."""
    if tensor._base is None:
        return tensor._edge
    base = base_of(tensor)
    if tensor._stamp != base._stamp:
        local.context.backend.touch(tensor)
        before, tensor._edge = tensor._edge, None
        if base._edge is not None:
            seen = base
            with GradMode(True):
                for primitive, params in tensor._view[len(base._view) :]:
                    seen = bind(primitive, seen, **params)
            tensor._edge = seen._edge
            pass_on_retain(before, seen._edge)
        tensor._stamp = base._stamp
    return tensor._edge
