"""A traced step of numbers as IR text: straight-line double arithmetic, in a loop over steps.

    void @steps(ptr %memory, ptr %inputs, ptr %outputs, i64 %n)

runs n steps. A step reads the numbers of Values from memory and those of arguments from its row of
inputs, computes line after line in the order in which Python did, writes the new numbers of Values
back, and writes its row of outputs. Nothing is contracted or reordered: + - * / and comparisons
give Python's bits, the functions are within 2 ulp.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

from ..lower.arithmetic import power as vector_power
from ..lower.arithmetic import transcendental as vector_math
from ..lower.text.emit import Function, Module
from ..lower.text.types import DOUBLE, I1, I64, PTR, Value, constant
from ..machine.target import Target
from .tape import CONSTANT, INPUT, Tape
from .trace import ScalarTrace

FUNCTION = "steps"

_Rule = Callable[..., Value]

RULES: dict[str, _Rule] = {
    "+": Function.fadd,
    "-": Function.fsub,
    "*": Function.fmul,
    "/": Function.fdiv,
    "neg": Function.fneg,
    "abs": lambda f, x: f.intrinsic("llvm.fabs", DOUBLE, x),
    "exp": vector_math.exp,
    "log": vector_math.log,
    "tanh": vector_math.tanh,
    "sigmoid": vector_math.sigmoid,
    "**": vector_power.pow_,
    "<": lambda f, a, b: f.compare("olt", a, b),
    "<=": lambda f, a, b: f.compare("ole", a, b),
    ">": lambda f, a, b: f.compare("ogt", a, b),
    ">=": lambda f, a, b: f.compare("oge", a, b),
    "==": lambda f, a, b: f.compare("oeq", a, b),
    "!=": lambda f, a, b: f.compare("une", a, b),
    "&": lambda f, a, b: f.binary("and", a, b),
    "|": lambda f, a, b: f.binary("or", a, b),
    "not": lambda f, a: f.binary("xor", a, constant(True, I1)),
    "where": Function.select,
}


# Functions long enough that packing several arguments into a vector pays.
_WIDE = {"exp", "log", "tanh", "sigmoid", "**"}


def scalar_code(trace: ScalarTrace, target: Target) -> str:
    """The IR text of a step."""
    module = Module(target)
    names = ("memory", "inputs", "outputs")
    f = module.function(FUNCTION, [*(f"ptr noalias %{name}" for name in names), "i64 %n"])
    memory, inputs, outputs = (f.argument(f"%{name}", PTR) for name in names)
    with f.loop(0, f.argument("%n", I64)) as loop:
        row = f.gep(DOUBLE, inputs, f.mul(loop.index, trace.width))
        given = {i: f.gep(DOUBLE, memory, place) for i, place in trace.reads.items()}
        given |= {i: f.gep(DOUBLE, row, at) for i, at in trace.numbers.items()}
        values = _straight_line(f, trace.tape, given, target.lanes("float64"))
        row = f.gep(DOUBLE, outputs, f.mul(loop.index, len(trace.outputs)))
        for place, line in trace.writes.items():
            f.store(values[line], f.gep(DOUBLE, memory, place))
        for i, line in enumerate(trace.outputs):
            f.store(values[line], f.gep(DOUBLE, row, i))
    f.end()
    return str(module)


def _straight_line(
    f: Function, tape: Tape, given: dict[int, Value], lanes: int
) -> dict[int, Value]:
    """The value of each line of the tape; `given` are the addresses of inputs."""
    values: dict[int, Value] = {}
    for lines in _in_order(tape, lanes):
        operations = [tape.operations[i] for i in lines]
        first = operations[0]
        if first.name == INPUT:
            values[lines[0]] = f.load(DOUBLE, given[lines[0]])
        elif first.name == CONSTANT:
            values[lines[0]] = constant(first.number, DOUBLE)
        else:
            columns = zip(*[o.inputs for o in operations], strict=True)
            arguments = [_packed(f, [values[i] for i in column]) for column in columns]
            y = RULES[first.name](f, *arguments)
            results = [y] if len(lines) == 1 else [f.extract(y, i) for i in range(len(lines))]
            values.update(zip(lines, results, strict=True))
    return values


def _in_order(tape: Tape, lanes: int) -> Iterator[list[int]]:
    """The lines one by one, except that up to `lanes` calls of one function are taken together.

    A line's depth is the longest chain of such functions that it depends on. Calls of equal depth
    are independent of each other; in a network, they are the units of a layer.
    """
    depth: list[int] = []
    for o in tape.operations:
        depth.append(max((depth[j] for j in o.inputs), default=0) + (o.name in _WIDE))

    def group(i: int) -> tuple[int, bool, str]:
        name = tape.operations[i].name
        return (depth[i], name not in _WIDE, name if name in _WIDE else "")

    for (_, is_plain, _), members in groupby(sorted(range(len(depth)), key=group), key=group):
        lines, most = list(members), 1 if is_plain else lanes
        yield from (lines[i : i + most] for i in range(0, len(lines), most))


def _packed(f: Function, numbers: list[Value]) -> Value:
    """A vector of numbers, as wide as the next power of two."""
    x = f.splat(numbers[0], 1 << (len(numbers) - 1).bit_length())
    for i, number in enumerate(numbers[1:], 1):
        x = f.insert(x, number, i)
    return x
