"""The gradient side of a tensor: `requires_grad`, `grad`, `backward` and hooks."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..core.backward import add_to_grad, walk
from ..core.changes import note_change
from ..core.context import local
from ..core.errors import AutogradError, DTypeError, ShapeError
from ..core.gradient import grad_of, put_grad
from ..core.handle import Handle, alias, check_tensor
from ..core.nodes import RETAIN, Leaf
from ..core.storage import tick
from ..core.tape import history
from ..ops import broadcast
from ..ops.broadcast import numel
from ..ops.elementwise import cast
from .grad_fn import GradFn
from .memory_format import asks_for_order
from .node_names import shown_name

if TYPE_CHECKING:
    from .tensor import Tensor


class Differentiable(Handle):
    """`requires_grad`, `grad`, `backward` and hooks."""

    @property
    def grad(self) -> Tensor | None:
        """The gradient accumulated by `backward()`; None before.

        Only leaves, and tensors on which `retain_grad()` was called, have one.
        """
        local.context.backend.touch(self, "asked")
        grad: Tensor | None = grad_of(self)
        if grad is None and self._edge is not None and type(self._edge) is not Leaf:
            warnings.warn(_NOT_A_LEAF, stacklevel=2)
        return grad

    @grad.setter
    def grad(self, new: Tensor | None) -> None:
        if new is not None:
            _check_grad(self, new)
        local.context.backend.touch(self, "replaced")
        put_grad(self, new)

    @grad.deleter
    def grad(self) -> None:
        local.context.backend.touch(self, "replaced")
        put_grad(self, None)

    @property
    def requires_grad(self) -> bool:
        """Whether gradients are computed for this tensor."""
        return history(self) is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Make this tensor a leaf that accumulates its gradient, or stop it from doing so."""
        local.context.backend.touch(self)
        edge = history(self)
        if requires_grad and edge is None:
            if self._value.dtype.kind != "f":
                raise AutogradError(
                    f"requires_grad: only floating tensors have gradients, this one is "
                    f"{self._value.dtype}; use .float() first"
                )
            self._base = None
            self._edge = Leaf(self)
            self._stamp = tick()  # views made earlier become views of the leaf
            note_change()
        elif not requires_grad and edge is not None:
            if type(edge) is not Leaf:
                raise AutogradError(
                    "requires_grad: can only be turned off for leaf tensors; use .detach()"
                )
            self._edge = None
            note_change()
        return self  # type: ignore[return-value]

    @property
    def is_leaf(self) -> bool:
        """Whether the tensor is not the result of a recorded operation."""
        edge = history(self)
        return edge is None or type(edge) is Leaf

    @property
    def grad_fn(self) -> GradFn | None:
        """The recorded operation that made this tensor; None for leaves."""
        edge = history(self)
        return None if edge is None or type(edge) is Leaf else GradFn(edge, shown_name(self, edge))

    @property
    def data(self) -> Tensor:
        """The same memory without history; assigning makes this tensor use the other's memory."""
        return self.detach()

    @data.setter
    def data(self, new: Tensor) -> None:
        check_tensor("data", new, "the new memory")
        local.context.backend.touch(self)
        self._value, self._storage, self._view = new._value, new._storage, new._view
        note_change()

    def detach(input) -> Tensor:
        """The same memory without history."""
        return alias(input._value, input._storage, input._view)

    def detach_(input) -> Tensor:
        """Detach this tensor from its history, in place."""
        local.context.backend.touch(input)
        input._shared = input._storage  # the tape may hold this value, and must notice writes to it
        input._base, input._edge = None, None
        note_change()
        return input  # type: ignore[return-value]

    def clone(input, *, memory_format: Any = None) -> Tensor:
        """A copy with memory of its own, through which gradients flow."""
        asks_for_order("clone", memory_format)  # only checked: a copy is always contiguous
        return broadcast.copy(input)

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Sequence[Tensor] | Tensor | None = None,
    ) -> None:
        """Add d self / d leaf to the `.grad` of every leaf this depends on (or only `inputs`).

        A tensor of one element starts from 1; others need `gradient`, of equal shape. Unless
        `retain_graph`, the saved values are freed and a second walk raises.

        >>> import gradatim
        >>> x = gradatim.tensor([1.0, 2.0], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> x.grad
        tensor([2., 4.])
        """
        backward((self,), (gradient,), retain_graph, create_graph, inputs)

    @property
    def retains_grad(self) -> bool:
        """Whether `retain_grad()` was called on this tensor, and it is not a leaf."""
        edge = history(self)
        return type(edge) is not Leaf and edge is not None and RETAIN in (edge.hooks or {})

    def retain_grad(self) -> None:
        """Keep the `.grad` of this tensor although it is not a leaf."""
        edge = history(self)
        if edge is None:
            raise AutogradError(
                "retain_grad: this tensor does not require grad, so it will not have one"
            )
        if type(edge) is Leaf:
            return
        if edge.hooks is None:
            edge.hooks = {}
        edge.hooks[RETAIN] = _Retain(self)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> Removable:
        """Call `hook` with this tensor's gradient in backward; a tensor it returns replaces it."""
        edge = history(self)
        if edge is None:
            raise AutogradError(
                "register_hook: this tensor does not require grad, so it will not have a gradient"
            )
        if edge.hooks is None:
            edge.hooks = {}
        return Removable(edge.hooks, hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> Removable:
        """Call `hook` with this leaf whenever `backward()` has added to its `.grad`.

        So an optimiser can use and free each gradient before the next one is computed.

        Errors: AutogradError unless this is a leaf that requires grad.

        >>> import gradatim
        >>> x = gradatim.tensor(3.0, requires_grad=True)
        >>> _ = x.register_post_accumulate_grad_hook(lambda x: print(x.grad))
        >>> (x * x).backward()
        tensor(6.)
        """
        edge = history(self)
        if type(edge) is not Leaf:
            raise AutogradError(
                "register_post_accumulate_grad_hook: only leaf tensors that require grad "
                "accumulate gradients; use register_hook to see the gradient of a result"
            )
        if edge.after is None:
            edge.after = {}
        return Removable(edge.after, hook)


def backward(
    tensors: Sequence[Any],
    grad_tensors: Sequence[Any],
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Sequence[Tensor] | Tensor | None = None,
) -> None:
    """Add the gradients of several tensors, weighted by `grad_tensors`, to the leaves' `.grad`."""
    names = [f"backward: tensor {i}" for i in range(len(tensors))]
    if len(names) == 1:
        names = ["backward: this tensor"]
    roots, seeds = starts(names, tensors, grad_tensors)
    keep = create_graph if retain_graph is None else retain_graph
    if inputs is None:
        walk(roots, seeds, retain_graph=keep, create_graph=create_graph)
        return
    chosen = [inputs] if isinstance(inputs, Handle) else list(inputs)
    edges = targets("backward", chosen)
    gradients = walk(roots, seeds, targets=edges, retain_graph=keep, create_graph=create_graph)
    for edge, x in dict(zip(edges, chosen, strict=True)).items():
        if edge in gradients:
            add_to_grad(x, edge, gradients[edge], create_graph=create_graph)


def starts(
    names: Sequence[str], tensors: Sequence[Any], gradients: Sequence[Any]
) -> tuple[list[Any], list[Any]]:
    """The tape entries to start from and their gradients; `names` are for error messages."""
    roots, seeds = [], []
    for name, x, gradient in zip(names, tensors, gradients, strict=True):
        edge = history(x)
        if edge is None:
            raise AutogradError(
                f"{name} does not require grad, and does not depend on a tensor that does; was it "
                "computed under no_grad(), or detached, or is it constant, like the gradient of a "
                "linear function?"
            )
        roots.append(edge)
        seeds.append(_seed(name, x, gradient))
    return roots, seeds


def targets(name: str, inputs: Sequence[Any]) -> list[Any]:
    """The tape entries of `inputs`. Errors: AutogradError if one does not require grad."""
    if not inputs:
        raise AutogradError(f"{name}: inputs is empty; name the tensors whose gradient you want")
    edges = [history(x) for x in inputs]
    for i, edge in enumerate(edges):
        if edge is None:
            raise AutogradError(
                f"{name}: input {i} does not require grad; call .requires_grad_() on it before "
                "it is used"
            )
    return edges


def _seed(name: str, x: Any, gradient: Any) -> Any:
    """The gradient a walk starts with: as given, or 1 for a tensor of one element."""
    kind = x._type
    if gradient is None:
        if numel(kind.shape) != 1:
            raise AutogradError(
                f"{name} has shape {list(kind.shape)}, and only a tensor of one element has the "
                "implicit gradient 1; call .sum() or .mean() first, or pass its gradient"
            )
        return broadcast.copy(broadcast.full(kind.shape, 1, kind.dtype))
    if not isinstance(gradient, Handle):
        raise TypeError(
            f"{name}: its gradient must be given as a tensor or None, not {type(gradient).__name__}"
        )
    given = gradient._value.shape
    if given != kind.shape:
        raise ShapeError(
            f"{name} has shape {list(kind.shape)}, but its gradient was given with shape "
            f"{list(given)}; they must be equal"
        )
    return gradient if gradient._value.dtype == kind.dtype else cast(gradient, dtype=kind.dtype)


_NOT_A_LEAF = (
    "grad: this tensor is not a leaf of the graph, so backward() does not keep its gradient; "
    "call .retain_grad() on it before backward() if you want to see it"
)


def _check_grad(x: Any, new: Any) -> None:
    if not isinstance(new, Handle):
        raise TypeError(f"grad: must be a tensor or None, got {type(new).__name__}")
    kind, given = x._type, new._type
    if given.shape != kind.shape:
        raise ShapeError(
            f"grad: has shape {[*given.shape]}, its tensor {[*kind.shape]}; they must be equal"
        )
    if given.dtype != kind.dtype:
        raise DTypeError(f"grad: has dtype {given.dtype}, its tensor {kind.dtype}; use .to(dtype)")


class _Retain:
    """The hook of `retain_grad`. Its reference is weak, as the tensor references its entry."""

    def __init__(self, tensor: Any) -> None:
        self._tensor = weakref.ref(tensor)

    def __call__(self, gradient: Any) -> None:
        tensor = self._tensor()
        if tensor is not None:
            local.context.backend.touch(tensor, "asked")
            before = grad_of(tensor)
            put_grad(tensor, gradient.clone() if before is None else before + gradient)


class Removable:
    """A registered hook: `remove()` unregisters it, as does leaving its `with` block."""

    def __init__(self, hooks: dict[int, Any], hook: Any) -> None:
        self._hooks = hooks
        self._key = tick()
        hooks[self._key] = hook
        note_change()

    def remove(self) -> None:
        """Unregister the hook; a second call does nothing."""
        self._hooks.pop(self._key, None)
        note_change()

    def __enter__(self) -> Removable:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def clear_grad(x: Tensor, *, set_to_none: bool) -> None:
    """Set the gradient of a tensor to None, or to zeros in place."""
    # Not read with `set_to_none`: a compiled step would depend on whether there was one.
    if set_to_none or (grad := x.grad) is None:
        x.grad = None
        return
    if grad.requires_grad:
        grad.detach_()
    grad.zero_()
