"""Shortens a traced step: removes lines that nothing needs, and additions of 0.0.

A gradient begins as 0.0, so the first addition to it only turns -0.0 into 0.0. It is removed if no
result depends on the sign of that zero, and kept if one does, such as a gradient that is stored.
So the results are the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from .tape import CONSTANT, Tape
from .trace import ScalarTrace

# The inputs whose sign, if they are zero, becomes the sign of a zero result.
_PASSES_SIGN = {"*": (0, 1), "/": (0,), "neg": (0,), "where": (1, 2), "tanh": (0,), "-": (0,)}
# The inputs for which the sign of a zero decides more than that: 1 / -0.0 is -inf.
_NEEDS_SIGN = {"/": (1,), "**": (0,)}


def shortened(trace: ScalarTrace) -> ScalarTrace:
    """The same step in as few lines as possible.

    >>> from gradatim.compiler.scalars.trace import trace
    >>> from gradatim.scalar import Value
    >>> a, b = Value(2.0, label="a"), Value(3.0, label="b")
    >>> def step():
    ...     a.zero_grad()
    ...     (a * b).backward()
    ...     a.data -= 0.1 * a.grad
    >>> print(shortened(trace(lambda _: step(), [a, b])).tape)
    v4 = 0.0 + b.data
    v5 = b.grad + a.data
    v7 = 0.1 * v4
    v8 = a.data - v7
    """
    roots = [*trace.writes.values(), *trace.outputs]
    live = _live(trace.tape, roots)
    plain = _dispensable(trace.tape, live, roots)
    new = Tape()
    line: dict[int, int] = {}
    for i in live:
        operation = trace.tape.operations[i]
        if i in plain:
            line[i] = line[plain[i]]
        else:
            inputs = tuple(line[j] for j in operation.inputs)
            line[i] = new.write(replace(operation, inputs=inputs))
    return replace(
        trace,
        tape=new,
        numbers={line[i]: at for i, at in trace.numbers.items() if i in line},
        reads={line[i]: place for i, place in trace.reads.items() if i in line},
        writes={place: line[i] for place, i in trace.writes.items()},
        outputs=tuple(line[i] for i in trace.outputs),
    )


def _live(tape: Tape, roots: Iterable[int]) -> list[int]:
    """The lines that the roots need, in order; a line reads only lines above it."""
    needed = set(roots)
    for i in range(len(tape.operations) - 1, -1, -1):
        if i in needed:
            needed.update(tape.operations[i].inputs)
    return sorted(needed)


def _dispensable(tape: Tape, live: Sequence[int], roots: Iterable[int]) -> dict[int, int]:
    """The additions of 0.0 whose result may as well be -0.0, with their other operand."""
    signed = _may_be_minus_zero(tape, live)
    counts = set(roots)  # lines where the sign of a zero matters
    replaced = {}
    for i in reversed(live):
        name, inputs = tape.operations[i].name, tape.operations[i].inputs
        counts.update(inputs[at] for at in _NEEDS_SIGN.get(name, ()))
        if i in counts:
            counts.update(inputs[at] for at in _PASSES_SIGN.get(name, ()))
            if name in ("+", "-") and inputs[0] in signed:  # +0.0 + y is +0.0 for either zero y
                counts.add(inputs[1])
            if name == "+" and inputs[1] in signed:
                counts.add(inputs[0])
        elif name == "+":
            zeros = [at for at in (0, 1) if tape.constant(inputs[at]) == 0.0]
            if zeros:
                replaced[i] = inputs[1 - zeros[0]]
    return replaced


def _may_be_minus_zero(tape: Tape, live: Sequence[int]) -> set[int]:
    lines = set()
    for i in live:
        operation = tape.operations[i]
        signed = [j in lines for j in operation.inputs]
        match operation.name:
            case "+":
                may = all(signed)
            case "-":
                may = signed[0]
            case "*":
                may = operation.inputs[0] != operation.inputs[1]
            case "where":
                may = any(signed[1:])
            case "exp" | "sigmoid" | "abs":
                may = False
            case name:
                may = name != CONSTANT or operation.number.hex() == (-0.0).hex()
        if may:
            lines.add(i)
    return lines
