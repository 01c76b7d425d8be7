"""`gradatim.compile`: of a function of tensors, a module, or a function of `Value`s."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

from . import engine
from .module import compile_module, is_module
from .program import Program, check_function
from .scalars import compile_scalars, touches_values


def compile(function: Callable[..., Any]) -> Any:
    """`function` as machine code: a forward pass, a loss with its gradients, a whole step.

    Use it as a decorator or call it, of a function, a method or a module; a compiled module is
    still that module. Without LLVM, or on a machine that LLVM does not know, functions run as they
    are written, and that is said once.

    Errors: TraceError, when it is called, if it needs the numbers in a tensor to go on.

    >>> import gradatim
    >>> from gradatim import nn
    >>> model = compile(nn.Linear(2, 1))
    >>> model(gradatim.ones(3, 2)).sum().backward()
    >>> [name for name, p in model.named_parameters() if p.grad is not None]
    ['weight', 'bias']
    """
    check_function(function)
    why = engine.available()
    if why is not None:
        _say_once(f"gradatim.compile: {why}; functions run as they are written, in NumPy")
    if touches_values(function, ()):
        return compile_scalars(function)
    return compile_module(function) if is_module(function) else Program(function)


@functools.cache
def _say_once(text: str) -> None:
    warnings.warn(text, stacklevel=3)
