"""Writing LLVM's language: one small class whose methods each write one line.

    module = Module()
    f = module.function("double_all", ["ptr noalias %x", "i64 %n"])
    with f.loop(0, f.argument("%n", "i64")) as loop:
        place = f.gep("float", f.argument("%x", "ptr"), loop.index)
        f.store(f.fadd(v := f.load("float", place), v), place)
    f.end()
    str(module)     # LLVM text, ready for the engine

No optimiser runs over this text, so what is written is what runs: loops are rotated (tested at
their end) and keep their values in phi nodes, sums of constants are folded, repeated constants
cost nothing. Whole vectors are written out: a value's type is `float` or `<16 x float>`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from .addresses import Lines, settled
from .types import (
    BYTES,
    DOUBLE,
    FLOAT,
    I1,
    I8,
    I16,
    I32,
    I64,
    PTR,
    Operand,
    Value,
    as_value,
    constant,
    constants,
    element,
    literal,
    mangled,
    pair,
    vector,
    width,
)

__all__ = [
    "BYTES", "DOUBLE", "FLOAT", "I1", "I8", "I16", "I32", "I64", "PTR", "Function", "Loop",
    "Module", "Operand", "Value", "constant", "constants", "element", "literal", "mangled",
    "vector", "width",
]  # fmt: skip


class Module:
    """Functions, and what they declare; `str` of it is the text."""

    def __init__(
        self,
        attributes: str = "nounwind",
        *,
        has_fma: bool = True,
        has_rounding: bool = True,
        has_lookup: bool = False,
    ) -> None:
        self.attributes = attributes
        self.has_fma, self.has_rounding, self.has_lookup = has_fma, has_rounding, has_lookup
        self.declared: dict[str, str] = {}
        self.constants: dict[str, str] = {}
        self.functions: dict[str, str] = {}
        self.plain: set[str] = set()  # those that are not worth LLVM's thought

    def function(self, name: str, parameters: Sequence[str], returns: str = "void") -> Function:
        """Begin a function; its `end()` puts it into the module."""
        return Function(self, name, list(parameters), returns)

    def table(self, values: Sequence[Any], base: str) -> Value:
        """Constants in read-only memory; the address of the first. Equal tables are one."""
        items = ", ".join(f"{base} {literal(v, base)}" for v in values)
        body = f"private unnamed_addr constant [{len(values)} x {base}] [{items}], align 64"
        name = self.constants.setdefault(body, f"@table{len(self.constants)}")
        return Value(name, PTR)

    def include(self, name: str, text: str) -> None:
        """Take in a function written elsewhere, once."""
        self.functions.setdefault(name, text)

    def __str__(self) -> str:
        parts = [f"{name} = {body}" for body, name in self.constants.items()]
        parts += [f"declare {d}" for d in self.declared.values()]
        parts += self.functions.values()
        parts.append(f"attributes #0 = {{ {self.attributes} }}")
        parts.append(f"attributes #1 = {{ {self.attributes} noinline optnone }}")
        return "\n".join(parts) + "\n"


@dataclass
class Loop:
    """A loop being written: its index, the values it carries, and (afterwards) the results."""

    index: Value
    values: list[Value]
    results: list[Value] = field(default_factory=list)
    _next: list[Value] | None = None

    def carry(self, *values: Value) -> None:
        """Say what the carried values are in the next round."""
        self._next = list(values)


class Function(Lines):
    """One function being written, line after line; a `plain` one is not worth LLVM's thought."""

    def __init__(
        self,
        module: Module,
        name: str,
        parameters: list[str],
        returns: str,
        *,
        plain: bool = False,
    ) -> None:
        super().__init__()
        self.module = module
        self.name = name
        group = "#1" if plain else "#0"
        if plain:
            module.plain.add(name)
        self._head = f"define {returns} @{name}({', '.join(parameters)}) {group} {{"
        self._allocated: list[str] = []

    # -- names and lines -------------------------------------------------------------------

    def argument(self, name: str, kind: str) -> Value:
        """A parameter of the function, by its name."""
        return Value(name, kind)

    def end(self, value: Value | None = None) -> None:
        """Return, and put the function into the module."""
        self.line("ret void" if value is None else f"ret {value.text}")
        lines = [self._head, "entry:", *self._allocated, *self.lines, "}"]
        self.module.functions[self.name] = "\n".join(lines)

    # -- arithmetic ------------------------------------------------------------------------

    def binary(self, op: str, a: Operand, b: Operand) -> Value:
        """`op a, b`; a Python number takes the type of the other operand."""
        x, y = pair(a, b)
        if x.type == I64:
            return self.whole(op, x, y)
        return self.new(x.type, f"{op} {x.type} {x.name}, {y.name}")

    def fadd(self, a: Operand, b: Operand) -> Value:
        """a + b of floats."""
        return self.binary("fadd", a, b)

    def fsub(self, a: Operand, b: Operand) -> Value:
        """a - b of floats."""
        return self.binary("fsub", a, b)

    def fmul(self, a: Operand, b: Operand) -> Value:
        """a b of floats."""
        return self.binary("fmul", a, b)

    def fdiv(self, a: Operand, b: Operand) -> Value:
        """a / b of floats."""
        return self.binary("fdiv", a, b)

    def add(self, a: Operand, b: Operand) -> Value:
        """a + b of integers."""
        return self.binary("add", a, b)

    def sub(self, a: Operand, b: Operand) -> Value:
        """a - b of integers."""
        return self.binary("sub", a, b)

    def mul(self, a: Operand, b: Operand) -> Value:
        """a b of integers."""
        return self.binary("mul", a, b)

    def fneg(self, a: Value) -> Value:
        """-a of a float."""
        return self.new(a.type, f"fneg {a.text}")

    def fma(self, a: Operand, b: Operand, c: Operand) -> Value:
        """a b + c, rounded once."""
        kind = next(v.type for v in (a, b, c) if isinstance(v, Value))
        return self.intrinsic("llvm.fma", kind, *[as_value(v, kind) for v in (a, b, c)])

    def compare(self, predicate: str, a: Operand, b: Operand) -> Value:
        """`fcmp` or `icmp`, by the operands' type: "olt", "uge", "eq", "slt", ..."""
        x, y = pair(a, b)
        op = "fcmp" if element(x.type) in (FLOAT, DOUBLE) else "icmp"
        return self.new(vector(width(x.type), I1), f"{op} {predicate} {x.text}, {y.name}")

    def select(self, condition: Value, a: Operand, b: Operand) -> Value:
        """a where the condition holds, b elsewhere."""
        x, y = pair(a, b)
        return self.new(x.type, f"select {condition.text}, {x.text}, {y.text}")

    def convert(self, op: str, a: Value, base: str) -> Value:
        """`sitofp`, `fptosi`, `fpext`, `zext`, `trunc`, ... to another element type."""
        kind = vector(width(a.type), base)
        return a if kind == a.type else self.new(kind, f"{op} {a.text} to {kind}")

    def bitcast(self, a: Value, kind: str) -> Value:
        """The same bits as another type."""
        return a if kind == a.type else self.new(kind, f"bitcast {a.text} to {kind}")

    def intrinsic(
        self, name: str, returns: str, *arguments: Value, kinds: Sequence[str] | None = None
    ) -> Value:
        """Call an intrinsic; `kinds` are the types in its name (that of the result, usually).

        For `returns="void"` nothing is given back but the name of nothing.
        """
        if kinds is None:
            kinds = [returns]
        full = ".".join([name, *(mangled(k) for k in kinds)])
        types = ", ".join(a.type for a in arguments)
        self.module.declared.setdefault(full, f"{returns} @{full}({types})")
        return self.call(full, returns, *arguments)

    def call(self, name: str, returns: str, *arguments: Value) -> Value:
        """Call a function that is declared or defined in the module."""
        text = f"call {returns} @{name}({', '.join(a.text for a in arguments)})"
        if returns == "void":
            self.line(text)
            return Value("", "void")
        return self.new(returns, text)

    # -- vectors ---------------------------------------------------------------------------

    def splat(self, a: Value, n: int) -> Value:
        """A scalar at all `n` places of a vector."""
        if n == 1:
            return a
        kind = vector(n, a.type)
        if a.name[0] != "%":
            return Value(f"splat ({a.text})", kind)
        one = self.new(kind, f"insertelement {kind} poison, {a.text}, i32 0")
        mask = f"<{n} x i32> zeroinitializer"
        return self.new(kind, f"shufflevector {one.text}, {kind} poison, {mask}")

    def extract(self, a: Value, i: int) -> Value:
        """One element of a vector."""
        return self.new(element(a.type), f"extractelement {a.text}, i32 {i}")

    def insert(self, a: Value, b: Value, i: int) -> Value:
        """A vector with one element replaced."""
        return self.new(a.type, f"insertelement {a.text}, {b.text}, i32 {i}")

    def shuffle(self, a: Value, b: Value | None, places: Sequence[int]) -> Value:
        """The elements of a, followed by those of b, at these places; -1 for any."""
        kind = vector(len(places), element(a.type))
        other = f"{a.type} poison" if b is None else b.text
        mask = ", ".join(f"i32 {p}" if p >= 0 else "i32 poison" for p in places)
        return self.new(kind, f"shufflevector {a.text}, {other}, <{len(places)} x i32> <{mask}>")

    def horizontal(self, combine: Callable[[Value, Value], Value], a: Value) -> Value:
        """All elements of a vector combined in halves: a tree, the same on every machine width."""
        n = width(a.type)
        while n > 1:
            half = n // 2
            low = self.shuffle(a, None, range(half))
            high = self.shuffle(a, None, range(half, n))
            if half == 1:
                low, high = self.extract(a, 0), self.extract(a, 1)
            a, n = combine(low, high), half
        return a

    # -- memory ----------------------------------------------------------------------------

    def gep(self, base: str, pointer: Value, index: Operand) -> Value:
        """The address of element `index` of an array of `base`."""
        return self.address(base, pointer, as_value(index, I64))

    def load(self, kind: str, pointer: Value, align: int = 0) -> Value:
        """Read a scalar or a vector; the alignment is the element's unless told."""
        return self.new(kind, f"load {kind}, {pointer.text}, align {align or BYTES[element(kind)]}")

    def store(self, value: Value, pointer: Value, align: int = 0) -> None:
        """Write a scalar or a vector."""
        size = align or BYTES[element(value.type)]
        self.line(f"store {value.text}, {pointer.text}, align {size}")

    def masked_load(self, kind: str, pointer: Value, mask: Value, other: Operand = 0) -> Value:
        """Read where the mask holds; `other` elsewhere. What is masked out is not touched."""
        arguments = f"{pointer.text}, i32 {BYTES[element(kind)]}, {mask.text}"
        name = f"llvm.masked.load.{mangled(kind)}.p0"
        self.module.declared.setdefault(name, f"{kind} @{name}(ptr, i32, {mask.type}, {kind})")
        return self.new(kind, f"call {kind} @{name}({arguments}, {as_value(other, kind).text})")

    def masked_store(self, value: Value, pointer: Value, mask: Value) -> None:
        """Write where the mask holds."""
        kind = value.type
        name = f"llvm.masked.store.{mangled(kind)}.p0"
        self.module.declared.setdefault(name, f"void @{name}({kind}, ptr, i32, {mask.type})")
        size = BYTES[element(kind)]
        self.line(f"call void @{name}({value.text}, {pointer.text}, i32 {size}, {mask.text})")

    def ask(self, pointer: Value, *, near: bool = True, to_write: bool = False) -> None:
        """Let a line of memory come, which will be read soon: into the first cache or the second.

        If it is `to_write` as well, other cores give it up. No place does harm, not even one
        outside of the memory there is.
        """
        how, keep, data = (constant(i, I32) for i in (int(to_write), 3 if near else 2, 1))
        self.intrinsic("llvm.prefetch", "void", pointer, how, keep, data, kinds=[PTR])

    def gather(self, base: str, pointer: Value, indices: Value, mask: Value | None = None) -> Value:
        """Elements at a vector of indices; 0 where the mask does not hold."""
        n = width(indices.type)
        kind, pointers = vector(n, base), vector(n, PTR)
        places = self.new(pointers, f"getelementptr {base}, {pointer.text}, {indices.text}")
        mask = mask or constant(True, vector(n, I1))
        name = f"llvm.masked.gather.{mangled(kind)}.{mangled(pointers)}"
        self.module.declared.setdefault(
            name, f"{kind} @{name}({pointers}, i32, {mask.type}, {kind})"
        )
        zero = constant(0, kind).text
        return self.new(
            kind, f"call {kind} @{name}({places.text}, i32 {BYTES[base]}, {mask.text}, {zero})"
        )

    def scatter(
        self, value: Value, pointer: Value, indices: Value, mask: Value | None = None
    ) -> None:
        """Write elements at a vector of indices, in order, where the mask holds."""
        kind, n = value.type, width(value.type)
        base, pointers = element(kind), vector(n, PTR)
        places = self.new(pointers, f"getelementptr {base}, {pointer.text}, {indices.text}")
        mask = mask or constant(True, vector(n, I1))
        name = f"llvm.masked.scatter.{mangled(kind)}.{mangled(pointers)}"
        self.module.declared.setdefault(name, f"void @{name}({kind}, {pointers}, i32, {mask.type})")
        self.line(f"call void @{name}({value.text}, {places.text}, i32 {BYTES[base]}, {mask.text})")

    def first_lanes(self, n: int, count: Operand) -> Value:
        """A mask of `n` lanes that holds in the first `count`."""
        if isinstance(count, int):
            return constants([i < count for i in range(n)], I1)
        lanes = constants(range(n), I64)
        return self.compare("slt", lanes, self.splat(as_value(count, I64), n))

    def allocate(self, base: str, count: int) -> Value:
        """Room on the stack for the whole call, 64-byte aligned."""
        self._count += 1
        name = f"%v{self._count}"
        self._allocated.append(f"  {name} = alloca {base}, i64 {count}, align 64")
        return Value(name, PTR)

    # -- control ---------------------------------------------------------------------------

    @contextmanager
    def loop(
        self, start: Operand, stop: Operand, step: int = 1, carried: Sequence[Value] = ()
    ) -> Iterator[Loop]:
        """Repeat for index = start, start + step, ... below stop.

        `carried` are the first values of what changes from round to round; the body calls
        `loop.carry(...)` with the next ones, and `loop.results` are the last.
        """
        first, last = settled([as_value(start, I64), as_value(stop, I64)])
        carried = settled(carried)
        sure = isinstance(start, int) and isinstance(stop, int) and start < stop
        before, head, exit_ = self.block, self.label(), self.label()
        if sure:
            self.line(f"br label %{head}")
        else:
            some = self.compare("slt", first, last)
            self.line(f"br i1 {some.name}, label %{head}, label %{exit_}")
        self.start(head)
        place = len(self.lines)
        index = self._placeholder(I64)
        loop = Loop(index, [self._placeholder(v.type) for v in carried])
        yield loop
        following = settled(loop._next if loop._next is not None else loop.values)
        (bump,) = settled([self.add(index, step)])
        again = self.compare("slt", bump, last)
        latch = self.block
        self.line(f"br i1 {again.name}, label %{head}, label %{exit_}")
        pairs = [(index, first, bump), *zip(loop.values, carried, following, strict=True)]
        for i, (phi, init, new) in enumerate(pairs):
            incoming = f"[{init.name}, %{before}], [{new.name}, %{latch}]"
            self.lines[place + i] = f"  {phi.name} = phi {phi.type} {incoming}"
        self.start(exit_)
        if sure:
            loop.results = list(following)
            return
        loop.results = [
            self.new(v.type, f"phi {v.type} [{v.name}, %{before}], [{new.name}, %{latch}]")
            for v, new in zip(carried, following, strict=True)
        ]

    def _placeholder(self, kind: str) -> Value:
        return self.new(kind, "; filled in at the end of the loop")

    @contextmanager
    def when(self, condition: Value) -> Iterator[None]:
        """Do what follows only if the condition (a scalar) holds."""
        inside, after = self.label(), self.label()
        self.line(f"br i1 {condition.name}, label %{inside}, label %{after}")
        self.start(inside)
        yield
        self.line(f"br label %{after}")
        self.start(after)

    def branch(
        self,
        condition: Value,
        then: Callable[[], Sequence[Value]],
        otherwise: Callable[[], Sequence[Value]],
    ) -> list[Value]:
        """The values of one of two pieces of code, by a scalar condition."""
        yes, no, after = self.label(), self.label(), self.label()
        self.line(f"br i1 {condition.name}, label %{yes}, label %{no}")
        self.start(yes)
        a, from_yes = settled(then()), self.block
        self.line(f"br label %{after}")
        self.start(no)
        b, from_no = settled(otherwise()), self.block
        self.line(f"br label %{after}")
        self.start(after)
        return [
            self.new(x.type, f"phi {x.type} [{x.name}, %{from_yes}], [{y.name}, %{from_no}]")
            for x, y in zip(a, b, strict=True)
        ]
