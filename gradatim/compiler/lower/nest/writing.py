"""A program's functions while they are written: calls, memory, names.

Functions of nests that are alike are written once, and those that turn out to have the same text
become one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ...ir.graph import Var
from ...ir.nests import Nest, NumpyNest
from ...machine.target import Target
from ..text.emit import Function, Module
from ..text.types import I64, PTR, Value
from .refusals import Refusal
from .scopes import NestScope

NAMELESS = "NEST"


@dataclass(frozen=True)
class State:
    """Memory of a random generator: its words, or its spare normal number."""

    generator: Any
    what: str  # "words" or "spare"

    def __hash__(self) -> int:
        return hash((id(self.generator), self.what))


Memory = Var | State


@dataclass(frozen=True, eq=False)
class Call:
    """A call of one function, with its memory."""

    function: str
    memory: tuple[Memory, ...]
    reads: tuple[Var, ...]
    writes: tuple[Var, ...]
    items: int
    nest: Nest
    work: float = 0.0  # estimated nanoseconds on one core
    parts: tuple[str, ...] = ()  # functions that it calls itself
    refuses: bool = False  # whether it may write to the status
    room: int = 0  # bytes of scratch memory per item
    numbers: tuple[int, ...] = ()  # extra arguments of a shared function


@dataclass
class Lowering:
    """A program's functions and calls while they are written."""

    target: Target
    in_place: dict[Var, Var]
    outside: frozenset[Var]  # in the caller's memory, of any alignment
    module: Module
    calls: list[Call | NumpyNest] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    written: dict[Any, str] = field(default_factory=dict)  # function names by likeness
    coming: dict[Nest, tuple[Var, ...]] = field(default_factory=dict)  # what products prefetch

    def place_of(self, v: Var) -> Var:
        """The variable whose memory this one shares."""
        return self.in_place.get(v, v)

    def begins_line(self, v: Var) -> bool:
        """Whether its memory is known to be aligned to a cache line."""
        place = self.place_of(v)
        return place not in self.outside or place.begins_line


class Writing:
    """One function being written; each distinct memory becomes one pointer parameter.

    `like` is the key of what its text depends on besides the aliasing of its memory; if a function
    with the same key exists, that one is used.
    """

    def __init__(self, lowering: Lowering, order: Sequence[Memory], like: Any = None) -> None:
        self.lowering = lowering
        self.memory: dict[Memory, Value] = {}
        for m in order:
            m = lowering.place_of(m) if isinstance(m, Var) else m
            self.memory.setdefault(m, Value(f"%p{len(self.memory)}", PTR))
        self.like = None if like is None else (like, tuple(self.pointer(m).name for m in order))
        self.is_new = self.like is None or self.like not in lowering.written
        parameters = ["ptr %status", *(v.text for v in self.memory.values())]
        parameters += ["i64 %begin", "i64 %end"]
        self.f = Function(lowering.module, NAMELESS, parameters, "void")
        self.begin, self.end = Value("%begin", I64), Value("%end", I64)
        self.status = Value("%status", PTR)
        self.refuses = False

    def pointer(self, m: Memory) -> Value:
        return self.memory[self.lowering.place_of(m) if isinstance(m, Var) else m]

    def scope(self, nodes: Sequence[Any], refused: Sequence[tuple[Any, Refusal]]) -> NestScope:
        numbers = {}
        self.refuses = bool(refused)
        for node, refusal in refused:
            self.lowering.refusals.append(refusal)
            numbers[node] = len(self.lowering.refusals)
        by_var = {n.var: n for n in nodes}
        return NestScope(self.f, by_var, self.pointer, self.status, numbers)

    def finish(
        self,
        reads: Sequence[Var],
        writes: Sequence[Var],
        count: int,
        nest: Nest,
        work: float,
        parts: Sequence[str] = (),
        room: int = 0,
    ) -> None:
        """Note that the program calls this function."""
        variables = tuple(self.memory), tuple(reads), tuple(writes)
        self.lowering.calls.append(
            Call(self.name(), *variables, count, nest, work, tuple(parts), self.refuses, room)
        )

    def name(self) -> str:
        """The function's name, derived from its text; after this the text is complete."""
        return self._written() if self.is_new else self.lowering.written[self.like]

    def _written(self) -> str:
        module = self.lowering.module
        self.f.end()
        name = named(module, module.functions.pop(NAMELESS))
        if self.like is not None:
            self.lowering.written[self.like] = name
        return name


def named(module: Module, text: str) -> str:
    """Add the nameless function to the module, under a name derived from its text."""
    name = "nest_" + hashlib.sha256(text.encode()).hexdigest()[:12]
    module.functions[name] = text.replace(f"@{NAMELESS}(", f"@{name}(", 1)
    return name
