"""Module: a function with parameters, which may be built from other modules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..._tensor.autograd import Removable
from .hooks import Hook, Hooks, register
from .printing import describe
from .state import Stateful


class Module(Stateful):
    """The base of all layers and models: set parameters and modules as attributes, write `forward`.

    >>> import gradatim
    >>> from gradatim import nn
    >>> class Scale(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = nn.Parameter(gradatim.ones(1))
    ...
    ...     def forward(self, x):
    ...         return self.factor * x
    >>> Scale()(gradatim.tensor([2.0])).sum().backward()
    >>> sum(p.numel() for p in Scale().parameters())
    1
    """

    _hooks: Hooks | None = None  # made when the first hook is registered
    _compiled: Any = None  # the program made by `compile`

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output; every subclass defines its own."""
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """`forward`, with the hooks around it; as machine code after `compile`."""
        __tracebackhide__ = (
            True  # IPython and pytest leave this frame out, so errors show the user's
        )
        if self._compiled is not None:
            return self._compiled(*args, **kwargs)
        if self._hooks is None:
            return self.forward(*args, **kwargs)
        return self._hooks.call(self, args, kwargs)

    def _call_impl(self, *args: Any, **kwargs: Any) -> Any:
        """What `compile` compiles."""
        return (self._hooks or Hooks()).call(self, args, kwargs)

    def compile(
        self,
        *,
        fullgraph: bool = False,
        dynamic: bool | None = None,
        backend: str | Callable[..., Any] | None = None,
        mode: str | None = None,
        options: Mapping[str, Any] | None = None,
        disable: bool = False,
    ) -> None:
        """Run this module as machine code from now on, as `gradatim.compile` would.

        The settings are those of `gradatim.compile`. With `disable`, or the backend "eager", the
        module runs eagerly, even if it was compiled before. Copies of the module are not compiled.

        Errors: ArgumentError for settings that `gradatim.compile` refuses.

        >>> import gradatim
        >>> from gradatim import nn
        >>> model = nn.Linear(2, 1)
        >>> model.compile()
        >>> model(gradatim.ones(1, 2)).shape
        gradatim.Size([1, 1])
        >>> model.history
        ['first call']
        """
        from ...compiler.compile import compile_in_place
        from ...compiler.settings import Settings

        settings = Settings(
            fullgraph=fullgraph,
            dynamic=dynamic,
            backend=backend,
            mode=mode,
            options=options,
            disable=disable,
        )
        compile_in_place(self, settings)

    def __getstate__(self) -> Any:
        """What is copied and pickled: all but the program, which is that of this object."""
        state: Any = super().__getstate__()
        own, *slots = state if isinstance(state, tuple) else (state,)
        own = {name: value for name, value in own.items() if name != "_compiled"}
        return (own, *slots) if slots else own

    def extra_repr(self) -> str:
        """The settings shown when the module is printed."""
        return ""

    def __repr__(self) -> str:
        return describe(type(self).__name__, self.extra_repr(), self._modules.items())

    # -- hooks -----------------------------------------------------------------------------

    def register_forward_pre_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False
    ) -> Removable:
        """Call `hook(module, args)` before `forward`; its result replaces the arguments."""
        return register(self._own_hooks().before, hook, with_kwargs=with_kwargs, prepend=prepend)

    def register_forward_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False
    ) -> Removable:
        """Call `hook(module, args, output)` after `forward`; its result replaces the output.

        With `with_kwargs` the call is `hook(module, args, kwargs, output)`; None changes nothing.
        """
        return register(self._own_hooks().after, hook, with_kwargs=with_kwargs, prepend=prepend)

    def register_full_backward_pre_hook(self, hook: Hook, prepend: bool = False) -> Removable:
        """Call `hook(module, grad_output)` when the gradients of the outputs are complete."""
        table = self._own_hooks().backward_before
        return register(table, hook, with_kwargs=False, prepend=prepend)

    def register_full_backward_hook(self, hook: Hook, prepend: bool = False) -> Removable:
        """Call `hook(module, grad_input, grad_output)` when the backward pass leaves the module.

        Its result replaces `grad_input`. Inputs that need no gradient appear as None.
        """
        return register(self._own_hooks().backward, hook, with_kwargs=False, prepend=prepend)

    def _own_hooks(self) -> Hooks:
        if self._hooks is None:
            self._hooks = Hooks()
        return self._hooks
