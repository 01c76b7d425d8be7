"""What a function can get at without being given it: its Values, and all that leads to them.

A compiled step works on the Values of the function's closure, of the globals that it names, of its
`self`, of lists and attributes below these. Found on the way is also what must stay as it is for
the compiled program to remain right: a rate in a closure, a list of samples, the layers of a model.
"""

from __future__ import annotations

import gc
import operator
import random
import sys
import types
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..scalar.value import Value

_ATOMS = frozenset([int, float, bool, str, bytes, complex, type(None)])
_CLOSED = (types.ModuleType, types.FrameType, types.CodeType, types.GeneratorType)
_SCALAR = "gradatim.scalar"
_LIBRARIES = {*sys.stdlib_module_names, "gradatim", "numpy", "llvmlite"}
_MISSING = object()


@dataclass(frozen=True)
class Link:
    """One thing that leads to others, and what it led to when it was looked at."""

    source: Any  # a container, or the namespace in which a name is looked up
    name: str | None
    targets: tuple[Any, ...]

    def holds(self) -> bool:
        """Whether it still leads to the same objects, or to equal plain numbers."""
        now, then = _led_to(self.source, self.name), self.targets
        if len(now) != len(then):
            return False
        return all(map(operator.is_, now, then)) or all(map(_same, now, then))

    def change(self) -> str:
        """What is another now, in words."""
        now = _led_to(self.source, self.name)
        where = f"`{self.name}`" if self.name else f"something in a {type(self.source).__name__}"
        if len(now) != len(self.targets):
            return f"{where} has been added or taken away"
        old, new = next(pair for pair in zip(self.targets, now, strict=True) if not _same(*pair))
        return f"{where} was {_brief(old)} and is {_brief(new)} now"


@dataclass
class Reach:
    """The Values that were found, in order, and the links that led there."""

    values: list[Value] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    generators: list[random.Random] = field(default_factory=list)
    knows_scalars: bool = False  # a name leads into gradatim.scalar: Values may be made inside

    def changed(self) -> str | None:
        """None while everything leads where it led; otherwise what is different."""
        return next((link.change() for link in self.links if not link.holds()), None)


def reach(*roots: Any) -> Reach:
    """Walk from functions and objects to all the Values that they can get at.

    >>> from gradatim.scalar import MLP
    >>> net, rates = MLP(3, [4, 4, 1]), {"w": 0.1, "b": 0.2}
    >>> found = reach(lambda net=net: net, rates)
    >>> len(found.values), found.changed()
    (41, None)
    >>> rates["b"] = 0.3
    >>> found.changed()
    'something in a dict was 0.2 and is 0.3 now'
    """
    found = Reach()
    waiting, seen, kept = list(reversed(roots)), set(), []
    while waiting:
        thing = waiting.pop()
        if type(thing) in _ATOMS or id(thing) in seen:
            continue
        seen.add(id(thing))
        kept.append(thing)  # so that no other object gets its id
        if isinstance(thing, Value):
            found.values.append(thing)
            waiting.extend(reversed(thing._children))
            continue
        if isinstance(thing, random.Random):
            found.generators.append(thing)
        found.knows_scalars |= _is_of_scalar(thing)
        links = list(_links(thing))
        found.links.extend(links)
        waiting.extend(reversed([target for link in links for target in link.targets]))
    return found


def touches_values(function: Any, arguments: Iterable[Any] = ()) -> bool:
    """Whether a function is about Values: it is given some, can get at some, or may make some.

    >>> from gradatim.scalar import lol
    >>> touches_values(lol), touches_values(max), touches_values(lambda x: 2 * x, [lol()])
    (True, False, True)
    """
    found = reach(function, *arguments)
    return bool(found.values) or found.knows_scalars


def _links(thing: Any) -> Iterator[Link]:
    """The ways from a thing to others; none from the rest of this library, nor from modules."""
    if isinstance(thing, types.FunctionType):
        yield from _links_of_function(thing)
    elif isinstance(thing, type):
        if not _is_of(thing, _LIBRARIES):
            yield _link(vars(thing))
    elif not isinstance(thing, _CLOSED) and (
        not _is_of(type(thing), {"gradatim"}) or _is_of_scalar(thing)
    ):
        yield _link(thing)


def _links_of_function(function: types.FunctionType) -> Iterator[Link]:
    """To its closure and defaults; and of the globals, to those that its code names."""
    cells = function.__closure__ or ()
    for name, cell in zip(function.__code__.co_freevars, cells, strict=True):
        yield _link(cell, name)
    for defaults in (function.__defaults__, function.__kwdefaults__):
        if defaults:
            yield _link(defaults)
    if _is_of(function, _LIBRARIES):
        return
    names = sorted(set(_names(function.__code__)))
    space = function.__globals__
    for name in names:
        if name in space:
            yield _link(space, name)
            if isinstance(space[name], types.ModuleType) and not _is_of(space[name], _LIBRARIES):
                inside = vars(space[name])
                yield from (_link(inside, n) for n in names if n in inside)


def _names(code: types.CodeType) -> Iterator[str]:
    """The names in a function's code, and in the functions defined inside it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _link(source: Any, name: str | None = None) -> Link:
    return Link(source, name, _led_to(source, name))


def _led_to(source: Any, name: str | None) -> tuple[Any, ...]:
    """What a container holds, or what a name stands for."""
    if isinstance(source, types.CellType):
        try:
            return (source.cell_contents,)
        except ValueError:  # not assigned yet
            return (_MISSING,)
    if name is not None:
        return (source.get(name, _MISSING),)
    if type(source) is list or type(source) is tuple:
        return tuple(source)
    if type(source) is dict or isinstance(source, types.MappingProxyType):
        return tuple(source.values())
    return tuple(gc.get_referents(source))


def _is_of_scalar(thing: Any) -> bool:
    if isinstance(thing, types.ModuleType):
        return thing.__name__.startswith(_SCALAR)
    owner = thing if isinstance(thing, type | types.FunctionType) else type(thing)
    return str(owner.__module__).startswith(_SCALAR)


def _is_of(thing: Any, libraries: Container[str]) -> bool:
    name = thing.__name__ if isinstance(thing, types.ModuleType) else thing.__module__
    return str(name).partition(".")[0] in libraries


def _same(a: Any, b: Any) -> bool:
    return a is b or (type(a) is type(b) and type(a) in _ATOMS and repr(a) == repr(b))


def _brief(thing: Any) -> str:
    if thing is _MISSING:
        return "not there"
    return repr(thing) if type(thing) in _ATOMS else f"a {type(thing).__name__}"
