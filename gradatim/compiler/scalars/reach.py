"""The Values that a function can reach without being given them.

They are in the function's closure, in the globals that it names, in its `self`, in lists and
attributes below these. The walk only looks at objects and calls nothing.
"""

from __future__ import annotations

import gc
import random
import sys
import types
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ...core.handle import Handle
from ...scalar.value import Value

_ATOMS = frozenset([int, float, bool, str, bytes, complex, type(None)])
_CLOSED = (types.ModuleType, types.FrameType, types.CodeType, types.GeneratorType)
_SCALAR = "gradatim.scalar"
_LIBRARIES = {*sys.stdlib_module_names, "gradatim", "numpy", "llvmlite"}


@dataclass
class Reach:
    """What was found, in order."""

    values: list[Value] = field(default_factory=list)
    generators: list[random.Random] = field(default_factory=list)
    knows_scalars: bool = False  # uses gradatim.scalar, so it may create Values
    has_tensors: bool = False


def reach(*roots: Any) -> Reach:
    """Walk from functions and objects to all the Values that they can reach.

    >>> from gradatim.scalar import MLP
    >>> net = MLP(3, [4, 4, 1])
    >>> len(reach(lambda net=net: net).values)
    41
    """
    reached = Reach()
    waiting, seen, alive = list(reversed(roots)), set(), []
    while waiting:
        thing = waiting.pop()
        if type(thing) in _ATOMS or id(thing) in seen:
            continue
        seen.add(id(thing))
        alive.append(thing)  # keeps it alive, so that its id stays unique
        reached.knows_scalars |= _is_of_scalar(thing)
        reached.has_tensors |= isinstance(thing, Handle)
        if isinstance(thing, Value):
            reached.values.append(thing)
        elif isinstance(thing, random.Random):
            reached.generators.append(thing)
        waiting.extend(reversed(list(_led_to(thing))))
    return reached


def touches_values(function: Any, arguments: Iterable[Any] = ()) -> bool:
    """Whether a function works on Values: it is given, can reach, or may create some.

    >>> from gradatim.scalar import lol
    >>> touches_values(lol), touches_values(max), touches_values(lambda x: 2 * x, [lol()])
    (True, False, True)
    """
    reached = reach(function, *arguments)
    return bool(reached.values) or (reached.knows_scalars and not reached.has_tensors)


def _led_to(thing: Any) -> Iterable[Any]:
    """What an object refers to; nothing for modules, or for libraries' classes and our objects."""
    if isinstance(thing, Value):
        return thing._children
    if isinstance(thing, types.FunctionType):
        return _of_function(thing)
    if isinstance(thing, type):
        return () if _is_of(thing, _LIBRARIES) else vars(thing).values()
    if isinstance(thing, _CLOSED) or (
        _is_of(type(thing), {"gradatim"}) and not _is_of_scalar(thing)
    ):
        return ()
    return gc.get_referents(thing)


def _of_function(function: types.FunctionType) -> Iterator[Any]:
    """Its closure and defaults, and the globals that its code names."""
    yield from function.__closure__ or ()
    yield from (function.__defaults__, function.__kwdefaults__)
    if _is_of(function, _LIBRARIES):
        return
    names = sorted(set(_names(function.__code__)))
    for name in names:
        thing = function.__globals__.get(name)
        yield thing
        if isinstance(thing, types.ModuleType) and not _is_of(thing, _LIBRARIES):
            yield from (vars(thing).get(inside) for inside in names)


def _names(code: types.CodeType) -> Iterator[str]:
    """The names in a function's code, and in the functions defined inside it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _is_of_scalar(thing: Any) -> bool:
    if isinstance(thing, types.ModuleType):
        return thing.__name__.startswith(_SCALAR)
    owner = thing if isinstance(thing, type | types.FunctionType) else type(thing)
    return str(owner.__module__).startswith(_SCALAR)


def _is_of(thing: Any, libraries: Container[str]) -> bool:
    name = thing.__name__ if isinstance(thing, types.ModuleType) else thing.__module__
    return str(name).partition(".")[0] in libraries
