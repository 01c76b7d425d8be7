"""`gradatim.compile`: compile a function of tensors, a module, or a function of `Value`s."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

from ..core.errors import ArgumentError
from .machine import engine
from .program.module import CompiledModule, compile_module, is_module, program_of
from .program.program import Program
from .program.variants import check_function
from .scalars.program import compile_scalars, touches_values
from .settings import Settings
from .trace.watched import warn


def compile(
    model: Callable[..., Any] | None = None,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: str | Callable[..., Any] | None = None,
    mode: str | None = None,
    options: Mapping[str, Any] | None = None,
    disable: bool = False,
) -> Any:
    """Compile a function to machine code: a forward pass, a loss with its gradients, a whole step.

    Use it as a decorator or call it with a function, a method or a module; a compiled module is
    still that module. Without LLVM, or on a machine that LLVM does not know, functions run eagerly,
    with a single warning.

    The settings are PyTorch's. The whole function is one graph, whatever `fullgraph` says; every
    shape has a program of its own, as with `dynamic=False`; all modes are the same. With `disable`,
    or the backend "eager", the function is returned unchanged. Called with settings only, it
    returns a decorator.

    Errors: TraceError, at a call, if the function needs the values in a tensor to go on;
    ArgumentError for `dynamic=True`, `options`, and other backends and modes.

    >>> import gradatim
    >>> from gradatim import nn
    >>> model = compile(nn.Linear(2, 1))
    >>> model(gradatim.ones(3, 2)).sum().backward()
    >>> [name for name, p in model.named_parameters() if p.grad is not None]
    ['weight', 'bias']
    >>> @compile(fullgraph=True)
    ... def double(x):
    ...     return x * 2
    >>> double(gradatim.ones(2))
    tensor([2., 2.])
    """
    settings = Settings(
        fullgraph=fullgraph,
        dynamic=dynamic,
        backend=backend,
        mode=mode,
        options=options,
        disable=disable,
    )
    if model is None:
        return partial(_compile, settings=settings)
    return _compile(model, settings)


def _compile(function: Callable[..., Any], settings: Settings) -> Any:
    check_function(function)
    if settings.is_plain:
        return function
    _warn_without_llvm()
    if touches_values(function, ()):
        return compile_scalars(function)
    return compile_module(function) if is_module(function) else Program(function)


def compile_in_place(module: Any, settings: Settings) -> None:
    """Give a module the program that its calls run from now on; or take it away again.

    Errors: ArgumentError for taking it from the compiled form of another module.
    """
    if isinstance(module, CompiledModule):
        if settings.is_plain:
            raise ArgumentError(
                f"compile: {type(module).__name__} is the compiled form of a module, which still "
                "exists uncompiled: use its .function"
            )
    elif settings.is_plain:
        module.__dict__.pop("_compiled", None)
    elif module._compiled is None:
        _warn_without_llvm()
        module._compiled = program_of(module)


def _warn_without_llvm() -> None:
    why = engine.available()
    if why is not None:
        _warn_once(f"gradatim.compile: {why}; functions run eagerly, in NumPy")


@cache
def _warn_once(text: str) -> None:
    warn(text)
