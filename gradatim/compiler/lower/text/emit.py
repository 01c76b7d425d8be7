"""Emitting LLVM IR: one small class whose methods each write one line.

    module = Module(host())
    f = module.function("double_all", ["ptr noalias %x", "i64 %n"])
    with f.loop(0, f.argument("%n", "i64")) as loop:
        place = f.gep("float", f.argument("%x", "ptr"), loop.index)
        f.store(f.fadd(v := f.load("float", place), v), place)
    f.end()
    str(module)     # LLVM IR, ready for the engine

Only LLVM's code generator runs on this text, no optimization passes: so loops are rotated (tested
at their end) and carry values in phi nodes, sums of constants are folded, and constants are plain
operands. Vectors are explicit: a value's type is `float` or `<16 x float>`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ...machine.target import Target
from .addresses import settled
from .operations import Operations
from .types import (
    BYTES,
    I1,
    I32,
    I64,
    PTR,
    Leading,
    Operand,
    Value,
    as_value,
    constant,
    constants,
    element,
    literal,
    mangled,
    vector,
    width,
)


class Module:
    """Functions for a machine, and the declarations they need; `str` of it is the text."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.has_fma, self.has_rounding = target.has_fma, target.has_rounding
        self.has_lookup, self.has_masks = target.has_lookup, target.has_masks
        self.has_extremes = target.has_extremes
        self.declared: dict[str, str] = {}
        self.constants: dict[str, str] = {}
        self.functions: dict[str, str] = {}
        self.plain: set[str] = set()  # functions compiled without optimization

    def function(self, name: str, parameters: Sequence[str], returns: str = "void") -> Function:
        """Begin a function; its `end()` adds it to the module."""
        return Function(self, name, list(parameters), returns)

    def table(self, values: Sequence[Any], base: str) -> Value:
        """The address of constants in read-only memory; equal tables are shared."""
        items = ", ".join(f"{base} {literal(v, base)}" for v in values)
        body = f"private unnamed_addr constant [{len(values)} x {base}] [{items}], align 64"
        name = self.constants.setdefault(body, f"@table{len(self.constants)}")
        return Value(name, PTR)

    def include(self, name: str, text: str) -> None:
        """Add a function whose text was written elsewhere, once."""
        self.functions.setdefault(name, text)

    def __str__(self) -> str:
        parts = [f"{name} = {body}" for body, name in self.constants.items()]
        parts += [f"declare {d}" for d in self.declared.values()]
        parts += self.functions.values()
        parts.append(f"attributes #0 = {{ {self.target.attributes} }}")
        parts.append(f"attributes #1 = {{ {self.target.attributes} noinline optnone }}")
        return "\n".join(parts) + "\n"


@dataclass
class Loop:
    """A loop being written: its index, the values it carries, and (afterwards) the results."""

    index: Value
    values: list[Value]
    results: list[Value] = field(default_factory=list)
    _next: list[Value] | None = None

    def carry(self, *values: Value) -> None:
        """Set the carried values of the next iteration."""
        self._next = list(values)


class Function(Operations):
    """One function being written, line by line; a `plain` one is compiled without optimization."""

    def __init__(
        self,
        module: Module,
        name: str,
        parameters: list[str],
        returns: str,
        *,
        plain: bool = False,
    ) -> None:
        super().__init__(module.declared)
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
        """Return, and add the function to the module."""
        self.line("ret void" if value is None else f"ret {value.text}")
        lines = [self._head, "entry:", *self._allocated, *self.lines, "}"]
        self.module.functions[self.name] = "\n".join(lines)

    # -- memory ----------------------------------------------------------------------------

    def gep(self, base: str, pointer: Value, index: Operand) -> Value:
        """The address of element `index` of an array of `base`."""
        return self.address(base, pointer, as_value(index, I64))

    def load(self, kind: str, pointer: Value, align: int = 0) -> Value:
        """Load a scalar or a vector; aligned to its element by default."""
        return self.new(kind, f"load {kind}, {pointer.text}, align {align or BYTES[element(kind)]}")

    def store(self, value: Value, pointer: Value, align: int = 0) -> None:
        """Store a scalar or a vector."""
        size = align or BYTES[element(value.type)]
        self.line(f"store {value.text}, {pointer.text}, align {size}")

    def masked_load(self, kind: str, pointer: Value, mask: Value, other: Operand = 0) -> Value:
        """Load where the mask is set; `other` elsewhere. Masked lanes are not accessed."""
        arguments = f"{pointer.text}, i32 {BYTES[element(kind)]}, {mask.text}"
        name = f"llvm.masked.load.{mangled(kind)}.p0"
        self.declared.setdefault(name, f"{kind} @{name}(ptr, i32, {mask.type}, {kind})")
        return self.new(kind, f"call {kind} @{name}({arguments}, {as_value(other, kind).text})")

    def masked_store(self, value: Value, pointer: Value, mask: Value) -> None:
        """Store where the mask is set; where masks are slow, leading lanes in whole parts."""
        if isinstance(mask, Leading) and not self.module.has_masks:
            self._store_leading(value, pointer, mask.count)
            return
        kind = value.type
        name = f"llvm.masked.store.{mangled(kind)}.p0"
        self.declared.setdefault(name, f"void @{name}({kind}, ptr, i32, {mask.type})")
        size = BYTES[element(kind)]
        self.line(f"call void @{name}({value.text}, {pointer.text}, i32 {size}, {mask.text})")

    def _store_leading(self, value: Value, pointer: Value, count: int) -> None:
        """Store the first lanes in parts of 8, 4, 2, 1: 6 of 8 as 4 and 2.

        AVX2's masked store takes some 18 cycles on AMD's processors, and its data cannot be
        forwarded to a load: 5.1 instead of 4.1 microseconds for a product with 200 rows of 30.
        """
        start = 0
        while start < count:
            n = 1 << ((count - start).bit_length() - 1)
            lanes = range(start, start + n)
            part = self.shuffle(value, None, lanes) if n > 1 else self.extract(value, start)
            self.store(part, self.gep(element(value.type), pointer, start))
            start += n

    def prefetch(self, pointer: Value, *, near: bool = True, to_write: bool = False) -> None:
        """Prefetch a cache line that will be read soon, into L1 (`near`) or L2.

        With `to_write` it is requested exclusively, so that other cores give it up. Any address is
        allowed, even an invalid one.
        """
        how, keep, data = (constant(i, I32) for i in (int(to_write), 3 if near else 2, 1))
        self.intrinsic("llvm.prefetch", "void", pointer, how, keep, data, kinds=[PTR])

    def gather(self, base: str, pointer: Value, indices: Value, mask: Value | None = None) -> Value:
        """Load elements at a vector of indices; 0 where the mask is not set."""
        n = width(indices.type)
        kind, pointers = vector(n, base), vector(n, PTR)
        places = self.new(pointers, f"getelementptr {base}, {pointer.text}, {indices.text}")
        mask = mask or constant(True, vector(n, I1))
        name = f"llvm.masked.gather.{mangled(kind)}.{mangled(pointers)}"
        self.declared.setdefault(name, f"{kind} @{name}({pointers}, i32, {mask.type}, {kind})")
        zero = constant(0, kind).text
        return self.new(
            kind, f"call {kind} @{name}({places.text}, i32 {BYTES[base]}, {mask.text}, {zero})"
        )

    def scatter(
        self, value: Value, pointer: Value, indices: Value, mask: Value | None = None
    ) -> None:
        """Store elements at a vector of indices, in order, where the mask is set."""
        kind, n = value.type, width(value.type)
        base, pointers = element(kind), vector(n, PTR)
        places = self.new(pointers, f"getelementptr {base}, {pointer.text}, {indices.text}")
        mask = mask or constant(True, vector(n, I1))
        name = f"llvm.masked.scatter.{mangled(kind)}.{mangled(pointers)}"
        self.declared.setdefault(name, f"void @{name}({kind}, {pointers}, i32, {mask.type})")
        self.line(f"call void @{name}({value.text}, {places.text}, i32 {BYTES[base]}, {mask.text})")

    def first_lanes(self, n: int, count: Operand) -> Value:
        """A mask of `n` lanes with the first `count` set."""
        if isinstance(count, int):
            mask = constants([i < count for i in range(n)], I1)
            return Leading(mask.name, mask.type, count)
        lanes = constants(range(n), I64)
        return self.compare("slt", lanes, self.splat(as_value(count, I64), n))

    def allocate(self, base: str, count: int) -> Value:
        """Stack memory for the whole call, 64-byte aligned."""
        self._count += 1
        name = f"%v{self._count}"
        self._allocated.append(f"  {name} = alloca {base}, i64 {count}, align 64")
        return Value(name, PTR)

    # -- control ---------------------------------------------------------------------------

    @contextmanager
    def loop(
        self, start: Operand, stop: Operand, step: int = 1, carried: Sequence[Value] = ()
    ) -> Iterator[Loop]:
        """A loop over index = start, start + step, ... below stop.

        `carried` are the initial values of loop-carried variables; the body calls `loop.carry(...)`
        with the next ones, and `loop.results` are the final ones.
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
        """Run what follows only if the scalar condition holds."""
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
        """The values of one of two pieces of code, chosen by a scalar condition."""
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
