"""Apply a primitive, and note it down if somebody will want the gradient."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from .context import GradMode, local
from .handle import Handle, alias, wrap
from .nodes import Edge, Node, Output

if TYPE_CHECKING:
    from .primitive import Primitive


def bind(primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """Run `primitive` on tensors; the result is a tensor, or a tuple of them.

    This is the one door to the arithmetic, so its cost is the library's eager overhead.
    """
    context = local.context
    value = context.backend.execute(primitive, inputs, params)
    if primitive.is_view:
        out = _view_of(inputs[0], primitive, params, value, context.grad_enabled)
    elif type(value) is tuple:
        out = tuple([wrap(v) for v in value])
    else:
        out = wrap(value)
    if context.grad_enabled:
        for x in inputs:
            if x._edge is not None or x._base is not None:
                if primitive.differentiable:
                    record(primitive, inputs, params, out)
                break
    return out


def record(
    primitive: Primitive, inputs: tuple[Handle, ...], params: dict[str, Any], out: Any
) -> None:
    """Give `out` its place on the tape, if any input wants a gradient."""
    edges, wanted, bit = [], 0, 1
    for x in inputs:
        edge = x._edge if x._base is None else history(x)
        if edge is not None:
            wanted |= bit
        edges.append(edge)
        bit <<= 1
    if not wanted:
        return
    outs = out if type(out) is tuple else (out,)
    if outs[0]._value.dtype.kind != "f" and not any(o._value.dtype.kind == "f" for o in outs):
        return
    plan = primitive.plan(wanted, len(edges))
    node = Node(primitive, inputs, params, tuple(edges), plan)
    if local.context.anomaly:
        node.trace = traceback.extract_stack()
    if plan.keeps_out:
        node.out = tuple([o._storage for o in outs])
    if outs is not out:
        out._edge = node
        return
    for i, o in enumerate(outs):
        if o._value.dtype.kind == "f":
            o._edge = Output(node, i)


def _view_of(
    source: Any, primitive: Primitive, params: dict[str, Any], value: Any, taping: bool
) -> Any:
    """A tensor on the storage of `source`, seen through one more step."""
    out = alias(value, source._storage, (*source._view, (primitive, params)))
    if taping:
        base = source if source._base is None else source._base
        out._base = base
        out._stamp = base._stamp
    return out


def history(tensor: Any) -> Edge | None:
    """The tape entry of a tensor, made anew if it is a view of something written since."""
    base = tensor._base
    if base is not None and tensor._stamp != base._stamp:
        tensor._edge = None
        if base._edge is not None:
            seen = base
            with GradMode(True):
                for primitive, params in tensor._view[len(base._view) :]:
                    seen = bind(primitive, (seen,), params)
            tensor._edge = seen._edge
        tensor._stamp = base._stamp
    return tensor._edge
