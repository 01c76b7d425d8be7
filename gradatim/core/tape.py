"""Apply a primitive, and note it down if somebody will want the gradient."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from .context import GradMode, local
from .handle import alias, wrap
from .nodes import Edge, Node, Output, pass_on_retain

if TYPE_CHECKING:
    from .primitive import Primitive


def bind(primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """Run `primitive` on tensors; the result is a tensor, or a tuple of them.

    This is the one door to the arithmetic, so its cost is the library's eager overhead.
    """
    context = local.context
    value = context.backend.execute(primitive, inputs, params)
    if primitive.is_plain:
        out = wrap(value)
    elif primitive.is_view:
        out = _view_of(inputs[0], primitive, params, value)
    else:
        out = tuple([wrap(v) for v in value])
    if context.grad_enabled and primitive.differentiable:
        for x in inputs:
            if x._edge is not None or x._base is not None:
                record(primitive, inputs, params, out)
                if context.anomaly:
                    _remember_call(out)
                break
    return out


def record(primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any], out: Any) -> None:
    """Give `out` its place on the tape, if any input wants a gradient."""
    edges, wanted, bit = [], 0, 1
    for x in inputs:
        edge = x._edge if x._base is None else history(x)
        edges.append(edge)
        if edge is not None:
            wanted += bit
        bit += bit
    if not wanted:
        return
    plan = primitive.plans.get(wanted) or primitive.plan(wanted, len(edges))
    node = Node(plan, plan.pick(inputs), params, edges)
    if plan.keeps_more:
        _keep_more(node, inputs, out)
    else:
        out._edge = node


def _keep_more(node: Node, inputs: tuple[Any, ...], out: Any) -> None:
    """What only some entries need: input types, saved outputs, several outputs."""
    if node.plan.keeps_types:
        node.types = tuple([x._type for x in inputs])
    if type(out) is not tuple:
        if node.plan.keeps_out:
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
        before, tensor._edge = tensor._edge, None
        if base._edge is not None:
            seen = base
            with GradMode(True):
                for primitive, params in tensor._view[len(base._view) :]:
                    seen = bind(primitive, (seen,), params)
            tensor._edge = seen._edge
            pass_on_retain(before, seen._edge)
        tensor._stamp = base._stamp
    return tensor._edge
