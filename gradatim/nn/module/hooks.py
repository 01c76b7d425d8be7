"""Functions called before and after a module's forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..._tensor.autograd import Removable
from ..._tensor.tensor import Tensor
from ...autograd import Function
from ...core.errors import ArgumentError

Hook = Callable[..., Any]


class Hooks:
    """The hooks of one module, in call order."""

    def __init__(self) -> None:
        self.before: dict[int, tuple[Hook, bool]] = {}
        self.after: dict[int, tuple[Hook, bool]] = {}
        self.backward_before: dict[int, tuple[Hook, bool]] = {}
        self.backward: dict[int, tuple[Hook, bool]] = {}

    def call(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """`module.forward` with the hooks around it."""
        __tracebackhide__ = True
        for hook, with_kwargs in list(self.before.values()):
            args, kwargs = _before(hook, with_kwargs, module, args, kwargs)
        gates = _Gates(module, self) if self.backward or self.backward_before else None
        if gates is not None:
            args = gates.enter(args)
        result = module.forward(*args, **kwargs)
        for hook, with_kwargs in list(self.after.values()):
            given = (args, kwargs, result) if with_kwargs else (args, result)
            changed = hook(module, *given)
            result = result if changed is None else changed
        return result if gates is None else gates.leave(result)


def register(
    hooks: dict[int, tuple[Hook, bool]], hook: Hook, *, with_kwargs: bool, prepend: bool
) -> Removable:
    """Add a hook at the end of a table, or with `prepend` at its start."""
    earlier = dict(hooks)
    handle = Removable(hooks, (hook, with_kwargs))
    if prepend:
        for key, entry in earlier.items():
            del hooks[key]
            hooks[key] = entry
    return handle


def _before(
    hook: Hook, with_kwargs: bool, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if not with_kwargs:
        changed = hook(module, args)
        if changed is not None:
            args = changed if isinstance(changed, tuple) else (changed,)
        return args, kwargs
    changed = hook(module, args, kwargs)
    if changed is None:
        return args, kwargs
    if not (isinstance(changed, tuple) and len(changed) == 2):
        raise ArgumentError(
            f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), got {changed}"
        )
    return changed


class _Gates:
    """Two identities on the tape, before and after a module, that see its gradients together."""

    def __init__(self, module: Any, hooks: Hooks) -> None:
        self.module = module
        self.hooks = hooks
        self.grad_output: tuple[Any, ...] = ()
        self.has_input = False

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Pass the arguments through the gate where the backward pass leaves the module."""
        wanted = [i for i, x in enumerate(args) if isinstance(x, Tensor) and x.requires_grad]
        self.has_input = bool(wanted)
        if not wanted:
            return args
        passed = _Gate.apply(
            lambda gradients: self.leave_backward(gradients, wanted, len(args)),
            *[args[i] for i in wanted],
        )
        through = dict(zip(wanted, passed, strict=True))
        return tuple(through.get(i, x) for i, x in enumerate(args))

    def leave(self, result: Any) -> Any:
        """Pass the result through the gate where the backward pass enters the module."""
        outputs = result if isinstance(result, tuple) else (result,)
        if not any(isinstance(x, Tensor) and x.requires_grad for x in outputs):
            return result
        if not all(isinstance(x, Tensor) for x in outputs):
            raise ArgumentError(
                "full backward hooks need a module whose output is a tensor or a tuple of "
                f"tensors, {type(self.module).__name__} returned {type(result).__name__}"
            )
        passed = _Gate.apply(self.enter_backward, *outputs)
        return passed if isinstance(result, tuple) else passed[0]

    def enter_backward(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook, _ in list(self.hooks.backward_before.values()):
            changed = hook(self.module, gradients)
            if changed is not None:
                gradients = _as_many(changed, gradients, "grad_output")
        self.grad_output = gradients
        if not self.has_input:
            self.call_full((None,))
        return gradients

    def leave_backward(
        self, gradients: tuple[Any, ...], wanted: list[int], count: int
    ) -> tuple[Any, ...]:
        spread: list[Any] = [None] * count
        for i, gradient in zip(wanted, gradients, strict=True):
            spread[i] = gradient
        changed = self.call_full(tuple(spread))
        return tuple(changed[i] for i in wanted)

    def call_full(self, grad_input: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook, _ in list(self.hooks.backward.values()):
            changed = hook(self.module, grad_input, self.grad_output)
            if changed is not None:
                grad_input = _as_many(changed, grad_input, "grad_input")
        return grad_input


def _as_many(changed: Any, before: tuple[Any, ...], what: str) -> tuple[Any, ...]:
    given = changed if isinstance(changed, tuple) else (changed,)
    if len(given) != len(before):
        raise ArgumentError(
            f"backward hook: returned {len(given)} gradients for {what}, which has {len(before)}"
        )
    return given


class _Gate(Function):
    """The identity on several tensors; in backward it passes their gradients to `seen`."""

    @staticmethod
    def forward(ctx: Any, seen: Hook, *tensors: Tensor) -> Any:
        """The tensors unchanged."""
        ctx.seen = seen
        ctx.set_materialize_grads(False)
        return tensors

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """The gradients that `seen` returns."""
        return (None, *ctx.seen(gradients))
