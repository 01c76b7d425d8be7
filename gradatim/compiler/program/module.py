"""Compiled modules: calls run machine code, everything else is the module itself.

`gradatim.compile(module)` returns its compiled form. It has a class of its own, derived from the
module's, and shares its `__dict__`: parameters, buffers, children, hooks and settings are the same
objects under the same names, whichever form changes them. Only calls differ.

`module.compile()` makes no second form: the module itself holds the program and calls it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from itertools import takewhile
from types import FunctionType, MethodType
from typing import Any

from .program import Method, Program


class CompiledModule:
    """The base class of all compiled forms."""

    __slots__ = ()
    _program: Program

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The result of the module, with its side effects."""
        __tracebackhide__ = True
        return self._program(*args, **kwargs)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """Pickle the module, to be compiled again: machine code is not pickled."""
        return compile_module, (self._program.function,)


class _OfProgram:
    """A method of the program as an attribute of the module, unless the module has its own."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, twin: Any, owner: type) -> Any:
        return self if twin is None else getattr(twin._program, self.name)


class _OfModule:
    """A method of the module; inside it, calls of the module run eagerly.

    Text that grows token by token would need a program for each length. A method that returns the
    module returns its compiled form.
    """

    def __init__(self, method: Callable[..., Any]) -> None:
        self.method = method

    def __get__(self, twin: Any, owner: type) -> Any:
        if twin is None:
            return self.method
        plain = twin._program.function

        @wraps(self.method)
        def on_module(*args: Any, **kwargs: Any) -> Any:
            result = self.method(plain, *args, **kwargs)
            return twin if result is plain else result

        return on_module


def is_module(function: Any) -> bool:
    """Whether a callable is a module whose whole state is in its `__dict__`."""
    kind = type(function)
    if issubclass(kind, CompiledModule):
        return True
    if not (hasattr(kind, "forward") and hasattr(kind, "named_parameters")):
        return False
    return hasattr(function, "__dict__") and not any(
        c.__dict__.get("__slots__") for c in kind.__mro__
    )


def compile_module(module: Any) -> Any:
    """The compiled form of a module: the same module except for its calls."""
    if isinstance(module, CompiledModule) or getattr(module, "_compiled", None) is not None:
        return module
    shown = tuple(name for name in Program.methods if not hasattr(module, name))
    kind: Any = type(module)
    twin: Any = object.__new__(_class_of(kind, shown))
    twin.__dict__ = module.__dict__
    object.__setattr__(twin, "_program", Program(module))
    return twin


def program_of(module: Any) -> Method:
    """The program of a module that is compiled in place, named after its class."""
    program = Method(MethodType(type(module)._call_impl, module))
    program.__name__ = type(module).__name__
    return program


@lru_cache(maxsize=512)
def _class_of(kind: Any, shown: tuple[str, ...]) -> type:
    """The class of the compiled forms of a class's modules."""

    def __new__(cls: Any, *args: Any, **kwargs: Any) -> Any:
        return kind(*args, **kwargs)  # `type(self)(self.config)` makes a plain module

    def __init_subclass__(cls: Any, **kwargs: Any) -> None:
        raise TypeError(
            f"{cls.__name__} cannot be derived from the compiled form of {kind.__name__}; "
            f"derive it from {kind.__name__} itself, and compile the modules it makes"
        )

    own = takewhile(lambda c: "__call__" not in vars(c), kind.__mro__)
    methods = [(n, f) for c in own for n, f in vars(c).items() if type(f) is FunctionType]
    names: dict[str, Any] = {name: _OfProgram(name) for name in shown}
    names |= {n: _OfModule(f) for n, f in reversed(methods) if not n.startswith("__")}
    names |= {n: vars(CompiledModule)[n] for n in ("__call__", "__reduce_ex__")}
    names |= {"__new__": __new__, "__init_subclass__": __init_subclass__}
    names |= {"__module__": kind.__module__, "__doc__": kind.__doc__}
    names["__slots__"] = ("_program",)  # not in the `__dict__`, which is the module's too
    made = type(kind)(f"Compiled{kind.__name__}", (_without_hook(kind), CompiledModule), names)
    if made.__bases__[0] is not kind:
        made.__bases__ = kind, CompiledModule
    return made


def _without_hook(kind: Any) -> Any:
    """The nearest class from `kind` upwards to derive from without calling an `__init_subclass__`.

    To the user a compiled class is no subclass: the hook would register it, or set its defaults in
    it. If only classes of another layout are without one it is called.
    """
    layout = kind.__basicsize__, kind.__dictoffset__, kind.__weakrefoffset__
    for c in kind.__mro__:
        hooks = any("__init_subclass__" in vars(above) for above in c.__mro__[:-1])
        if not hooks and layout == (c.__basicsize__, c.__dictoffset__, c.__weakrefoffset__):
            return c
    return kind
