"""In-place writes that keep memory, views and gradients consistent.

A write has three parts: the backend copies the values, the storage's time is set (which makes
values saved earlier stale), and the base tensor takes over the history of the new contents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .changes import note_change
from .context import GradMode, local
from .errors import AutogradError
from .gradient import grad_of
from .handle import alias, steps
from .nodes import Leaf, Node, pass_on_retain
from .storage import tick
from .tape import base_of, history, record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .nodes import Edge
    from .primitive import Primitive
    from .storage import Storage
    from .update import Update

# Set by `ops.movement`, which defines the two primitives that record a write.
_copy: Primitive
_update_view: Primitive


def use_primitives(copy: Primitive, update_view: Primitive) -> None:
    """Install the primitives that represent a write on the tape; `ops.movement` calls this."""
    global _copy, _update_view
    _copy, _update_view = copy, update_view


def write(target: Any, source: Any, *, derived: bool = False) -> None:
    """Overwrite `target` with `source`, of equal shape and dtype.

    `derived` says that `source` was computed from `target`, so its history includes the target's.
    """
    context = local.context
    if not context.grad_enabled:
        context.backend.write(target, source)
        target._storage.time = tick()
        return
    base = base_of(target)
    refuse_leaf(base)
    if base._edge is not None and history(target) is None:
        raise AutogradError(
            "in-place write: this view was made under no_grad(), where it has no history, of a "
            "tensor that has one; make the view again, or write under no_grad() too"
        )
    if history(source) is not None:
        source = alias_of(source)  # `source` may be the base itself, or a view of it
    context.backend.write(target, source)
    target._storage.time = tick()
    replace_history(target, source, derived=derived)


def replace_history(target: Any, source: Any, *, derived: bool = False) -> None:
    """Give `target` the history of `source`, which was just written into it.

    As in PyTorch, a tensor that required a gradient still does: that of its old contents is 0.
    """
    base = base_of(target)
    before, new = base._edge, source._edge
    base._stamp = target._storage.written
    base._edge = None
    if target is not base:
        target._stamp = -1
    if target is base and new is not None and (derived or before is None):
        record(_copy, (source,), {}, base)
    elif before is not None or new is not None:
        old = alias_of(base)
        old._edge = before
        record(_update_view, (old, source), {"view": steps(target._view, base._view)}, base)
    pass_on_retain(before, base._edge)
    if (before is None) is not (base._edge is None):
        note_change()


def has_history(target: Any, *sources: Any) -> bool:
    """Whether writing `sources` into `target` has to be recorded on the tape."""
    if not local.context.grad_enabled:
        return False
    return base_of(target)._edge is not None or any(history(x) is not None for x in sources)


def update(operation: Update, *inputs: Any, **params: Any) -> None:
    """Run an update in place, without recording it."""
    update_all(operation, [inputs], **params)


def update_all(operation: Update, rows: Sequence[tuple[Any, ...]], **params: Any) -> None:
    """Run an update in place on several rows of inputs."""
    local.context.backend.update(operation, rows, params)
    now = tick()
    for row in rows:
        for i in operation.replaces:
            x = row[i]
            (x._shared or x._storage).time = now


def apply(operation: Callable[..., Any], target: Any, *operands: Any) -> None:
    """The in-place form of an operation: compute, then overwrite `target` with the result.

    If tape entries of the operation itself saved `target`, this write would make them stale, so
    they get a copy.
    """
    since = tick()
    result = operation(target, *operands)
    if result is target:
        return
    if result._edge is not None:
        _keep_old(result._edge, target._storage, since)
    write(target, result, derived=True)


def alias_of(tensor: Any) -> Any:
    """Another handle for the same memory and history, independent of later changes."""
    old = alias(tensor._value, tensor._storage, tensor._view)
    old._edge = tensor._edge
    return old


def _keep_old(edge: Edge, storage: Storage, since: int) -> None:
    """Replace saved tensors on `storage` by copies, in entries made after `since`."""
    stack = [edge]
    while stack:
        node = stack.pop()
        if type(node) is Node and node.time > since:
            node.saved = tuple([_copy_if_on(x, storage) for x in node.saved or ()])
            stack += node.edges


def _copy_if_on(x: Any, storage: Storage) -> Any:
    if x._storage is not storage:
        return x
    with GradMode(False):
        copied = _copy(x)
    copied._edge = history(x)
    return copied


def refuse_leaf(base: Any) -> None:
    """Refuse to overwrite a leaf: the gradient of its old contents would be lost."""
    if type(base._edge) is Leaf:
        raise AutogradError(
            "in-place write: this is a leaf tensor that requires grad (or a view of one), and "
            "the gradient of its old contents would be lost; write under no_grad(), or to "
            "a .clone()"
        )


def accumulate_grad(tensor: Any, gradient: Any, *, fresh: bool, create_graph: bool) -> None:
    """Add a gradient to a tensor's `.grad`, which never aliases other memory."""
    local.context.backend.touch(tensor, "added")
    before = grad_of(tensor)
    if before is None:
        tensor._grad = gradient if fresh and _tidy(gradient) else gradient.clone()
    elif create_graph:
        tensor._grad = before + gradient
    else:
        with GradMode(False):
            write(before, before + gradient)


def _tidy(gradient: Any) -> bool:
    """Whether a gradient is contiguous and writable, as optimisers require."""
    flags = getattr(gradient._value, "flags", None)
    return flags is None or (flags.c_contiguous and flags.writeable)
