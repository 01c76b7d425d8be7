"""Compiled modules: calls run machine code, everything else is the module itself.

The compiled form of a module has a class of its own, derived from the module's, and shares its
`__dict__`: parameters, buffers, children, hooks and settings are the same objects under the same
names, whichever form changes them. Only calls differ. `Module.compile` gives that class to the
module itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from itertools import takewhile
from types import FunctionType, MethodType
from typing import Any

from ...core.errors import ArgumentError
from .program import Method, Program

_SHOWN = ("explain", "export", "function", "history", "profile", "repeat", "variants")
_PLACE = "_program"


class CompiledModule:
    """The base class of all compiled modules."""

    __slots__ = ()
    _program: Program

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The result of the module, with its side effects."""
        return self._program(*args, **kwargs)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """Pickle the plain module, to be compiled again: machine code is not pickled."""
        if not _is_in_place(self):
            return compile_module, (self._program.function,)
        plain: Any = object.__new__(type(self).__bases__[0])
        plain.__dict__ = {k: v for k, v in self.__dict__.items() if k != _PLACE}
        return into_compiled, (plain,)


class _OfProgram:
    """A method of the program as an attribute of the module, unless the module has its own."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, module: Any, owner: type) -> Any:
        if module is None:
            return self
        program = module._program
        return getattr(program.of(module) if type(program) is Method else program, self.name)


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
    if isinstance(module, CompiledModule):
        return module
    kind: Any = type(module)
    twin: Any = object.__new__(_class_of(kind, _shown(module), in_place=False))
    twin.__dict__ = module.__dict__
    object.__setattr__(twin, _PLACE, Program(module))
    return twin


def into_compiled(module: Any) -> Any:
    """Compile a module in place."""
    if not isinstance(module, CompiledModule):
        kind: Any = type(module)
        program = module.__dict__[_PLACE] = Method(MethodType(kind.__call__, module))
        program.__name__ = kind.__name__
        object.__setattr__(module, "__class__", _class_of(kind, _shown(module), in_place=True))
    return module


def into_plain(module: Any) -> None:
    """Make a module that was compiled in place plain again.

    Errors: ArgumentError for the compiled form of another module.
    """
    if not isinstance(module, CompiledModule):
        return
    if not _is_in_place(module):
        raise ArgumentError(
            f"compile: {type(module).__name__} is the compiled form of a module, which still "
            "exists uncompiled: use its .function"
        )
    object.__setattr__(module, "__class__", type(module).__bases__[0])
    del module.__dict__[_PLACE]


def _is_in_place(module: CompiledModule) -> bool:
    """Whether it is the module itself, not a compiled form beside it."""
    return _PLACE not in vars(type(module))


def _made_plain(kind: Any) -> Callable[..., Any]:
    """A `__new__` for a compiled class: `type(self)(self.config)` makes a plain module."""

    def __new__(cls: Any, *args: Any, **kwargs: Any) -> Any:
        return kind(*args, **kwargs)

    return __new__


def _derived_plain(kind: Any, *, in_place: bool) -> Any:
    """An `__init_subclass__` for a compiled class: what is derived from it is derived from `kind`.

    Errors: TypeError for the class of a compiled form, whose instances have another layout.
    """

    def __init_subclass__(cls: Any, **kwargs: Any) -> None:
        if not in_place:
            raise TypeError(
                f"{cls.__name__} cannot be derived from the compiled form of {kind.__name__}; "
                f"derive it from {kind.__name__} itself, and compile the modules it makes"
            )
        bases = cls.__bases__
        plain = (c.__bases__[0] if issubclass(c, CompiledModule) else c for c in bases)
        cls.__bases__ = tuple(dict.fromkeys(plain))
        if "__new__" not in vars(cls):  # else Python keeps calling that of the bases it had
            cls.__new__ = _made_as_above(cls)
        super(cls, cls).__init_subclass__(**kwargs)

    return __init_subclass__


def _made_as_above(owner: Any) -> Callable[..., Any]:
    """A `__new__` as if the class had none of its own."""

    def __new__(cls: Any, *args: Any, **kwargs: Any) -> Any:
        made = super(owner, cls).__new__
        return made(cls) if made is object.__new__ else made(cls, *args, **kwargs)

    return __new__


def _shown(module: Any) -> tuple[str, ...]:
    return tuple(name for name in _SHOWN if not hasattr(module, name))


@lru_cache(maxsize=512)
def _class_of(kind: Any, shown: tuple[str, ...], *, in_place: bool) -> type:
    names: dict[str, Any] = {name: _OfProgram(name) for name in shown}
    names |= {"__module__": kind.__module__, "__doc__": kind.__doc__}
    names |= {n: vars(CompiledModule)[n] for n in ("__call__", "__reduce_ex__")}
    names["__new__"] = _made_plain(kind)
    names["__init_subclass__"] = _derived_plain(kind, in_place=in_place)
    if not in_place:
        own = takewhile(lambda c: "__call__" not in vars(c), kind.__mro__)
        methods = [(n, f) for c in own for n, f in vars(c).items() if type(f) is FunctionType]
        names |= {n: _OfModule(f) for n, f in reversed(methods) if not n.startswith("__")}
        names["__slots__"] = (_PLACE,)  # not in the `__dict__`, which is the module's too
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
