"""Functions called before and after each step of an optimiser."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from ..core.errors import ArgumentError

Hook = Callable[..., Any]


class StepHooks:
    """The hooks of one optimiser, in call order."""

    def __init__(self) -> None:
        self.before: dict[int, Hook] = {}
        self.after: dict[int, Hook] = {}
        self.are_running = False


def hooked(step: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a step in its optimiser's hooks; a nested step runs without them."""

    @wraps(step)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        hooks: StepHooks = self._step_hooks
        if hooks.are_running or not (hooks.before or hooks.after):
            return step(self, *args, **kwargs)
        hooks.are_running = True
        try:
            return _around(step, hooks, self, (self, *args), kwargs)
        finally:
            hooks.are_running = False

    return call


def _around(
    step: Hook, hooks: StepHooks, optimizer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    for hook in list(hooks.before.values()):
        changed = hook(optimizer, args, kwargs)
        if changed is not None:
            args, kwargs = _checked(changed)
    result = step(*args, **kwargs)
    for hook in list(hooks.after.values()):
        hook(optimizer, args, kwargs)
    return result


def _checked(changed: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if not (isinstance(changed, tuple) and len(changed) == 2):
        raise ArgumentError(
            "a step's pre-hook must return None or a tuple of (new_args, new_kwargs), whose first "
            f"argument is the optimizer; got {type(changed).__name__}"
        )
    return changed
