"""The lines of a function, with common subexpressions of integers and addresses written once.

Addresses in a block mostly differ by a constant, which costs nothing as the displacement of a load
or store. So constant offsets are kept apart from the base and added only where the sum is used.
LLVM would find the same, but its compile time grows with the length of the text.
"""

from __future__ import annotations

from collections.abc import Iterable

from .types import I8, I64, PTR, Operand, Value, as_value, bytes_of, constant

_put = object.__setattr__  # values are frozen; only their initializers set fields


class Moved(Value):
    """An integer or address equal to `base` + `more` (in bytes for an address).

    Its instruction is written when its name is first used.
    """

    __slots__ = ("base", "lines", "more", "unit")
    base: Value
    lines: Lines
    more: int
    unit: str

    def __init__(self, lines: Lines, base: Value, more: int, unit: str) -> None:
        _put(self, "lines", lines)
        _put(self, "base", base)
        _put(self, "more", more)
        _put(self, "unit", unit)
        _put(self, "type", base.type)

    @property
    def name(self) -> str:
        """The register that holds it, in the current block."""
        return self.lines.once(self.type, self._sum()).name

    def _sum(self) -> str:
        if self.type == I64:
            return _plus(self.base, self.more)
        unit = I8 if self.more % bytes_of(self.unit) else self.unit
        return f"getelementptr {unit}, {self.base.text}, i64 {self.more // bytes_of(unit)}"

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)


class Lines:
    """The text of a function: line after line, block after block."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.block = "entry"
        self._count = 0
        self._here: dict[str, Value] = {}  # values of this block that may be reused

    def new(self, kind: str, text: str) -> Value:
        """Write `%name = text`."""
        self._count += 1
        name = f"%v{self._count}"
        self.lines.append(f"  {name} = {text}")
        return Value(name, kind)

    def once(self, kind: str, text: str) -> Value:
        """Write `%name = text`, unless this block has it: for pure functions of their operands."""
        known = self._here.get(text)
        if known is None:
            known = self._here[text] = self.new(kind, text)
        return known

    def line(self, text: str) -> None:
        """Write a line without a result."""
        self.lines.append(f"  {text}")

    def label(self) -> str:
        """A fresh name for a basic block."""
        self._count += 1
        return f"b{self._count}"

    def start(self, label: str) -> None:
        """Begin a basic block: the lines from here on belong to it."""
        self.lines.append(f"{label}:")
        self.block = label
        self._here.clear()

    def whole(self, op: str, x: Value, y: Value) -> Value:
        """`op x, y` of 64-bit integers; constant summands are kept apart."""
        (p, m), (q, n) = _apart(x), _apart(y)
        if op == "add" and (p is _NOTHING or q is _NOTHING):
            return self.moved(p if q is _NOTHING else q, m + n)
        if op == "sub" and q is _NOTHING:
            return self.moved(p, m - n)
        if op in ("add", "sub") and p is not _NOTHING:
            return self.moved(self._once(op, p, q), m + n if op == "add" else m - n)
        if op == "mul" and q is _NOTHING:
            return self._times(x, n)
        if op == "mul" and p is _NOTHING:
            return self._times(y, m)
        return self._once(op, x, y)

    def _times(self, x: Value, n: int) -> Value:
        base, more = _apart(x)
        if n in (0, 1) or base is _NOTHING:
            return x if n == 1 else constant(more * n, I64)
        return self._once("mul", x, constant(n, I64))

    def _once(self, op: str, x: Value, y: Value) -> Value:
        return self.once(I64, f"{op} i64 {x.name}, {y.name}")

    def address(self, unit: str, pointer: Value, index: Value) -> Value:
        """The address of element `index` of an array of `unit`."""
        (p, m), (i, n) = _apart(pointer), _apart(index)
        if i is not _NOTHING:
            p = self.once(PTR, f"getelementptr {unit}, {p.text}, {i.text}")
        return self.moved(p, m + n * bytes_of(unit), unit)

    def register(self, x: Operand, more: int) -> Value:
        """x + more in a register of its own, even if it is constant."""
        base, known = _apart(as_value(x, I64))
        more += known
        return self.once(I64, f"add i64 {more}, 0" if base is _NOTHING else _plus(base, more))

    def moved(self, base: Value, more: int, unit: str = I8) -> Value:
        """`base` + `more`."""
        if base is _NOTHING:
            return constant(more, I64)
        return Moved(self, base, more, unit) if more else base


_NOTHING = constant(0, I64)


def _plus(x: Value, more: int) -> str:
    return f"add i64 {x.name}, {more}"


def _apart(x: Value) -> tuple[Value, int]:
    """An integer or address as a base and a constant offset."""
    if type(x) is Moved:
        return x.base, x.more
    name = x.name
    if name[0] == "%" or x.type != I64:
        return x, 0
    return _NOTHING, int(name)


def settled(values: Iterable[Value]) -> list[Value]:
    """Values whose instructions are written by now, so that they can be used after a branch."""
    return [Value(x.name, x.type) if isinstance(x, Moved) else x for x in values]
