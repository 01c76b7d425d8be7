"""What a tensor knows of gradients."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..core.backward import walk
from ..core.errors import AutogradError, ShapeError
from ..core.handle import Handle, alias
from ..core.nodes import RETAIN, Leaf
from ..core.tape import history
from ..ops import broadcast

if TYPE_CHECKING:
    from .tensor import Tensor


class Differentiable(Handle):
    """`requires_grad`, `grad`, `backward` and hooks."""

    grad: Tensor | None = None

    @property
    def requires_grad(self) -> bool:
        """Whether gradients are computed for this tensor."""
        return history(self) is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Make this tensor a leaf that collects its gradient (or no longer does)."""
        edge = history(self)
        if requires_grad and edge is None:
            if self._value.dtype.kind != "f":
                raise AutogradError(
                    f"requires_grad: only floating tensors have gradients, this one is "
                    f"{self._value.dtype}; use .float() first"
                )
            self._base = None
            self._edge = Leaf(self)
        elif not requires_grad and edge is not None:
            if type(edge) is not Leaf:
                raise AutogradError(
                    "requires_grad: can only be turned off for leaf tensors; use .detach()"
                )
            self._edge = None
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation made this tensor."""
        edge = history(self)
        return edge is None or type(edge) is Leaf

    @property
    def grad_fn(self) -> Any:
        """The tape node that made this tensor; None for leaves."""
        edge = history(self)
        return None if type(edge) is Leaf else edge

    @property
    def data(self) -> Tensor:
        """The same memory without history; assigning puts another tensor's memory here."""
        return alias(self._value, self._storage, self._view)

    @data.setter
    def data(self, new: Tensor) -> None:
        self._value, self._storage, self._view = new._value, new._storage, new._view

    def detach(self) -> Tensor:
        """The same memory without history."""
        return alias(self._value, self._storage, self._view)

    def detach_(self) -> Tensor:
        """Cut this tensor off from its history."""
        self._base, self._edge = None, None
        return self

    def clone(input) -> Tensor:
        """A copy with memory of its own, through which gradients flow."""
        return broadcast.copy(input)

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Sequence[Tensor] | Tensor | None = None,
    ) -> None:
        """Add d self / d leaf to the `.grad` of every leaf behind this tensor (or of `inputs`).

        A tensor of one element starts from 1; others need `gradient`, of their shape. Unless
        `retain_graph`, the saved values are freed and a second walk raises.

        >>> import gradatim
        >>> x = gradatim.tensor([1.0, 2.0], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> x.grad
        tensor([2., 4.])
        """
        backward((self,), (gradient,), retain_graph, create_graph, inputs)

    def retain_grad(self) -> None:
        """Keep `.grad` of this tensor too, although it is not a leaf."""

        edge = history(self)
        if edge is None:
            raise AutogradError("retain_grad: this tensor does not require grad")
        if type(edge) is Leaf:
            return
        if edge.hooks is None:
            edge.hooks = {}
        edge.hooks[RETAIN] = _Retain(self)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> Removable:
        """Call `hook` with the gradient when it arrives here; what it returns replaces it."""
        edge = history(self)
        if edge is None:
            raise AutogradError("register_hook: this tensor does not require grad")
        if edge.hooks is None:
            edge.hooks = {}
        return Removable(edge.hooks, hook)


def backward(
    tensors: Sequence[Handle],
    grad_tensors: Sequence[Handle | None],
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Sequence[Tensor] | Tensor | None = None,
) -> None:
    """Add the gradients of several tensors, weighted by `grad_tensors`, to the leaves' `.grad`."""
    roots = [root_of(x) for x in tensors]
    seeds = [seed_of(x, g) for x, g in zip(tensors, grad_tensors, strict=True)]
    keep = create_graph if retain_graph is None else retain_graph
    if inputs is None:
        walk(roots, seeds, retain_graph=keep, create_graph=create_graph)
        return
    chosen = [inputs] if isinstance(inputs, Handle) else list(inputs)
    edges = [root_of(x) for x in chosen]
    found = walk(roots, seeds, targets=edges, retain_graph=keep, create_graph=create_graph)
    for x, edge in zip(chosen, edges, strict=True):
        if edge in found:
            x.grad = found[edge].clone() if x.grad is None else x.grad + found[edge]


def root_of(x: Any) -> Any:
    """The tape entry where a walk begins or ends."""
    edge = history(x)
    if edge is None:
        raise AutogradError(
            "backward: this tensor does not require grad and no operation on a tensor that does "
            "made it; was it computed under no_grad(), or detached?"
        )
    return edge


def seed_of(x: Any, gradient: Any) -> Any:
    """The gradient a walk starts with: 1 for a single number, else as given."""
    kind = x._type
    if gradient is None:
        if x.numel() != 1:
            raise AutogradError(
                f"backward: only a tensor of one element starts by itself, this one has shape "
                f"{list(kind.shape)}; call .sum() or .mean() first, or pass gradient="
            )
        return broadcast.copy(broadcast.full(kind.shape, 1, kind.dtype))
    if gradient._value.shape != kind.shape:
        raise ShapeError(
            f"backward: gradient has shape {list(gradient._value.shape)}, the tensor "
            f"{list(kind.shape)}; they must be equal"
        )
    return gradient


class _Retain:
    """The hook of `retain_grad`. It holds the tensor weakly, which itself holds its entry."""

    def __init__(self, tensor: Any) -> None:
        self._tensor = weakref.ref(tensor)

    def __call__(self, gradient: Any) -> None:
        tensor = self._tensor()
        if tensor is not None:
            before = tensor.grad
            tensor.grad = gradient.clone() if before is None else before + gradient


class Removable:
    """A registered hook; `remove()` takes it away. Also a context manager."""

    def __init__(self, hooks: dict[int, Any], hook: Any) -> None:
        self._hooks = hooks
        self._key = id(self)
        hooks[self._key] = hook

    def remove(self) -> None:
        """Take the hook away; a second call does nothing."""
        self._hooks.pop(self._key, None)

    def __enter__(self) -> Removable:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()
