"""The instructions that compute: arithmetic and vectors, one line per method."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .addresses import Lines
from .types import (
    DOUBLE,
    FLOAT,
    I1,
    I64,
    Operand,
    Value,
    as_value,
    element,
    mangled,
    pair,
    vector,
    width,
)


class Operations(Lines):
    """Lines that compute; intrinsics they call are added to `declared`, shared by the module."""

    def __init__(self, declared: dict[str, str]) -> None:
        super().__init__()
        self.declared = declared

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
        """a where the condition holds, else b, lane by lane."""
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
        """Call an intrinsic; `kinds` are the types in its name (usually that of the result).

        For `returns="void"` the returned value is a nameless dummy.
        """
        if kinds is None:
            kinds = [returns]
        full = ".".join([name, *(mangled(k) for k in kinds)])
        types = ", ".join(a.type for a in arguments)
        self.declared.setdefault(full, f"{returns} @{full}({types})")
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
        """A scalar repeated in all `n` lanes of a vector."""
        if n == 1:
            return a
        kind = vector(n, a.type)
        if a.name[0] != "%":
            return Value(f"splat ({a.text})", kind)
        one = self.new(kind, f"insertelement {kind} poison, {a.text}, i32 0")
        mask = f"<{n} x i32> zeroinitializer"
        return self.new(kind, f"shufflevector {one.text}, {kind} poison, {mask}")

    def extract(self, a: Value, i: int) -> Value:
        """One lane of a vector."""
        return self.new(element(a.type), f"extractelement {a.text}, i32 {i}")

    def insert(self, a: Value, b: Value, i: int) -> Value:
        """A vector with one lane replaced."""
        return self.new(a.type, f"insertelement {a.text}, {b.text}, i32 {i}")

    def shuffle(self, a: Value, b: Value | None, places: Sequence[int]) -> Value:
        """The lanes `places` of a followed by b; -1 for any."""
        kind = vector(len(places), element(a.type))
        other = f"{a.type} poison" if b is None else b.text
        mask = ", ".join(f"i32 {p}" if p >= 0 else "i32 poison" for p in places)
        return self.new(kind, f"shufflevector {a.text}, {other}, <{len(places)} x i32> <{mask}>")

    def horizontal(self, combine: Callable[[Value, Value], Value], a: Value) -> Value:
        """All lanes combined by halving: a tree of the same order on every vector width."""
        n = width(a.type)
        while n > 1:
            half = n // 2
            low = self.shuffle(a, None, range(half))
            high = self.shuffle(a, None, range(half, n))
            if half == 1:
                low, high = self.extract(a, 0), self.extract(a, 1)
            a, n = combine(low, high), half
        return a
