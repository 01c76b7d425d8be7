"""Numbers that record what is done to them: a step of plain Python floats as a list of lines.

    tape = Tape()
    x = tape.input("x")
    y = (2.0 * x + 1.0) ** 2
    print(tape)

        v2 = 2.0 * x
        v4 = v2 + 1.0
        v6 = v4 * v4

A `Traced` number takes the place of a float. What is computed twice is one line; what depends on
constants alone is computed now, by the functions that `scalar.Value` uses; and x * 1, x + -0.0 and
the like are x. All of that is exact: not even the sign of a zero changes.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from numbers import Real
from typing import Any

from ...scalar import ieee
from ..errors import TraceError
from ..user_line import user_line

CONSTANT, INPUT = "constant", "input"
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
CONDITIONS = {*COMPARISONS, "&", "|", "not"}  # operations whose result is a truth value

# How to compute each operation on floats: by the functions that `Value` uses, for the same results.
COMPUTE: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": ieee.divide,
    "**": ieee.power,
    "neg": operator.neg,
    "abs": abs,
    "exp": ieee.exp,
    "log": ieee.log,
    "tanh": ieee.tanh,
    "sigmoid": ieee.sigmoid,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "&": operator.and_,
    "|": operator.or_,
    "not": operator.not_,
    "where": lambda condition, yes, no: yes if condition else no,
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One line: a name, the lines that it reads, and details of an input or a constant.

    A constant is written with `float.hex`, which tells -0.0 from 0.0; all nans are equal.
    """

    name: str
    inputs: tuple[int, ...] = ()
    detail: str = ""

    @property
    def number(self) -> float:
        """The number of a constant."""
        return float.fromhex(self.detail)


class Tape:
    """The recorded lines, in order, each of them once."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self._lines: dict[Operation, int] = {}
        self._named: Counter[str] = Counter()

    def input(self, name: str) -> Traced:
        """A number that is known when the program runs."""
        self._named[name] += 1
        count = self._named[name]
        name = name if count == 1 else f"{name}@{count}"
        return Traced(self, self.write(Operation(INPUT, (), name)))

    def line_of(self, x: Any) -> int:
        """The line that computes a number; a plain number becomes a constant."""
        if isinstance(x, Traced):
            if x.tape is not self:
                raise TraceError(
                    f"{user_line()}: this number was traced in another function or an earlier "
                    "call, and has no value here.\nReturn it from the function that made it."
                )
            return x.line
        return self.write(Operation(CONSTANT, (), float(x).hex()))

    def number(self, x: Any) -> int:
        """The line of x as a number: 1.0 or 0.0 if it is a comparison."""
        return self._as_number(self.line_of(x))

    def record(self, name: str, *numbers: Any) -> Any:
        """Record an operation: fold it on constants, skip it if it changes nothing."""
        lines = [self.line_of(x) for x in numbers]
        operations = [self.operations[i] for i in lines]
        if all(o.name == CONSTANT for o in operations):
            return COMPUTE[name](*[o.number for o in operations])
        if name in ("where", "&", "|", "not"):
            lines = [
                self._as_condition(i) if at == 0 or name != "where" else self._as_number(i)
                for at, i in enumerate(lines)
            ]
        else:
            lines = [self._as_number(i) for i in lines]
        return Traced(self, self._simplified(name, lines))

    def constant(self, line: int) -> float | None:
        """The number of a line, if it is a constant."""
        operation = self.operations[line]
        return operation.number if operation.name == CONSTANT else None

    def write(self, operation: Operation) -> int:
        """The line of an operation, added unless it exists."""
        line = self._lines.setdefault(operation, len(self.operations))
        if line == len(self.operations):
            self.operations.append(operation)
        return line

    def _simplified(self, name: str, lines: list[int]) -> int:
        """The line of an operation, or of a simpler one that is always equal to the last bit."""
        rule = SIMPLER.get(name)
        simpler = rule(self, *lines) if rule else None
        return self.write(Operation(name, tuple(lines))) if simpler is None else simpler

    def _as_number(self, line: int) -> int:
        """A comparison counts as 1.0 or 0.0 in arithmetic, as in Python."""
        if self.operations[line].name not in CONDITIONS:
            return line
        return self.write(Operation("where", (line, self.line_of(1.0), self.line_of(0.0))))

    def _as_condition(self, line: int) -> int:
        if self.operations[line].name in CONDITIONS:
            return line
        return self.write(Operation("!=", (line, self.line_of(0.0))))

    def __str__(self) -> str:
        return "\n".join(self.text(range(len(self.operations))))

    def text(self, lines: Any) -> Iterator[str]:
        """Some of the lines as text: `v12 = v3 * w1.data`."""
        for i in lines:
            if self.operations[i].name not in (CONSTANT, INPUT):
                yield f"v{i} = {self._formula(self.operations[i])}"

    def name_of(self, line: int) -> str:
        """The name of a line in a formula."""
        operation = self.operations[line]
        if operation.name == INPUT:
            return operation.detail
        return repr(operation.number) if operation.name == CONSTANT else f"v{line}"

    def _formula(self, operation: Operation) -> str:
        names = [self.name_of(i) for i in operation.inputs]
        if operation.name == "where":
            return f"{names[1]} if {names[0]} else {names[2]}"
        if len(names) == 2:
            return f"{names[0]} {operation.name} {names[1]}"
        return f"{operation.name} {names[0]}"


def _is(number: float | None, wanted: float) -> bool:
    return number is not None and number.hex() == wanted.hex()


def _plus(tape: Tape, a: int, b: int) -> int | None:
    if _is(tape.constant(a), -0.0):
        return b
    return a if _is(tape.constant(b), -0.0) else None


def _minus(tape: Tape, a: int, b: int) -> int | None:
    return a if _is(tape.constant(b), 0.0) else None


def _times(tape: Tape, a: int, b: int) -> int | None:
    for factor, other in ((a, b), (b, a)):
        if _is(tape.constant(factor), 1.0):
            return other
        if _is(tape.constant(factor), -1.0):
            return _negative(tape, other)
    return None


def _over(tape: Tape, a: int, b: int) -> int | None:
    return a if _is(tape.constant(b), 1.0) else None


def _to_the(tape: Tape, a: int, b: int) -> int | None:
    """x**2 as x * x, which is rounded once, as `math.pow` should be and mostly is."""
    n = tape.constant(b)
    if n == 0.0:
        return tape.line_of(1.0)
    if n == 1.0:
        return a
    if n == -1.0:
        return tape.write(Operation("/", (tape.line_of(1.0), a)))
    if n in (2.0, 3.0, 4.0):
        square = tape.write(Operation("*", (a, a)))
        other = {2.0: None, 3.0: a, 4.0: square}[n]
        return square if other is None else tape.write(Operation("*", (square, other)))
    return None


def _negative(tape: Tape, a: int) -> int:
    inner = tape.operations[a]
    return inner.inputs[0] if inner.name == "neg" else tape.write(Operation("neg", (a,)))


def _either(tape: Tape, condition: int, yes: int, no: int) -> int | None:
    return yes if yes == no else None


SIMPLER: dict[str, Callable[..., int | None]] = {
    "+": _plus,
    "-": _minus,
    "*": _times,
    "/": _over,
    "**": _to_the,
    "neg": _negative,
    "where": _either,
}


def _binary(name: str) -> Callable[[Traced, Any], Any]:
    def method(self: Traced, other: Any) -> Any:
        return self.tape.record(name, self, other) if _is_number(other) else NotImplemented

    return method


def _reflected(name: str) -> Callable[[Traced, Any], Any]:
    def method(self: Traced, other: Any) -> Any:
        return self.tape.record(name, other, self) if _is_number(other) else NotImplemented

    return method


def _unary(name: str) -> Callable[[Traced], Any]:
    return lambda self: self.tape.record(name, self)


def _is_number(x: Any) -> bool:
    return type(x) is float or isinstance(x, Traced | Real)


class Traced(ieee.StandIn):
    """A number known only when the program runs; `line` of the tape says how it is computed.

    >>> tape = Tape()
    >>> x = tape.input("x")
    >>> y = 1.0 / (x * 1.0 - 3.0)
    >>> print(tape)
    v3 = x - 3.0
    v4 = 1.0 / v3
    >>> y, (1.0 / (x - 3.0)).line == y.line, x**0
    (<Traced v4>, True, <Traced 1.0>)
    """

    __slots__ = ("line", "tape")
    __array_ufunc__ = None  # so that a NumPy number on the left defers to this class

    def __init__(self, tape: Tape, line: int) -> None:
        self.tape = tape
        self.line = line

    __add__, __radd__ = _binary("+"), _reflected("+")
    __sub__, __rsub__ = _binary("-"), _reflected("-")
    __mul__, __rmul__ = _binary("*"), _reflected("*")
    __truediv__, __rtruediv__ = _binary("/"), _reflected("/")
    __pow__, __rpow__ = _binary("**"), _reflected("**")
    __and__, __rand__ = _binary("&"), _reflected("&")
    __or__, __ror__ = _binary("|"), _reflected("|")
    __lt__, __le__, __gt__, __ge__ = map(_binary, ("<", "<=", ">", ">="))
    __eq__, __ne__ = _binary("=="), _binary("!=")
    __hash__ = object.__hash__
    __neg__, __abs__, __invert__ = _unary("neg"), _unary("abs"), _unary("not")
    exp, log, tanh, sigmoid = map(_unary, ("exp", "log", "tanh", "sigmoid"))

    def __pos__(self) -> Traced:
        return self

    def where(self, yes: Any, no: Any) -> Any:
        """One of two numbers, chosen by this condition."""
        return self.tape.record("where", self, yes, no)

    def __bool__(self) -> bool:
        raise TraceError(
            f"{user_line()}: this decision needs a number that is known only when the compiled "
            "program runs.\nWrite `gradatim.scalar.ieee.where(condition, a, b)`, which computes "
            "both and takes one, or decide outside of the compiled function."
        )

    def __repr__(self) -> str:
        return f"<Traced {self.tape.name_of(self.line)}>"
