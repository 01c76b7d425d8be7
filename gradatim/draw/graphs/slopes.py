"""The slope of an operation with respect to each input, as a number and as a formula."""

from collections.abc import Sequence
from typing import Any

from .values import children

# For each operation, in terms of the names of the result and the inputs, as written by hand.
_FORMULAS = {
    "+": ("1.0", "1.0"),
    "-": ("1.0", "-1.0"),
    "*": ("{b}", "{a}"),
    "/": ("1/{b}", "-{out}/{b}"),
    "**": ("{b} * {a}**({b} - 1)", "{out} * log({a})"),
    "neg": ("-1.0",),
    "exp": ("{out}",),
    "log": ("1/{a}",),
    "tanh": ("(1 - {out}**2)",),
    "relu": ("({out} > 0)",),
    "sigmoid": ("{out} * (1 - {out})",),
}


def slopes(value: Any) -> tuple[float, ...]:
    """The slope of `value` with respect to each of its children, at the current numbers.

    A class without `slopes()`, such as one a student writes, is measured: its `_backward` is run
    with an incoming gradient of 1, and all gradients are restored. The total for a child that is
    used twice is divided evenly.

    Errors: TypeError if the class has neither.
    """
    if callable(getattr(value, "slopes", None)):
        return tuple(float(slope) for slope in value.slopes())
    if callable(getattr(value, "_backward", None)):
        return _measured(value)
    raise TypeError(
        f"draw.backward_steps: {type(value).__name__} has neither slopes() nor _backward(), so the"
        " slope of its operations is not known"
    )


def _measured(value: Any) -> tuple[float, ...]:
    inputs = children(value)
    touched = {id(v): v for v in (value, *inputs)}
    before = {key: v.grad for key, v in touched.items()}
    try:
        for child in inputs:
            child.grad = 0.0
        value.grad = 1.0
        value._backward()
        uses = [sum(other is child for other in inputs) for child in inputs]
        return tuple(float(child.grad) / times for child, times in zip(inputs, uses, strict=True))
    finally:
        for key, v in touched.items():
            v.grad = before[key]


def formulas(operation: str, out: str, inputs: Sequence[str]) -> tuple[str, ...]:
    """The slope with respect to each input as a formula in the names of the values.

    >>> formulas("*", "e", ["x1", "x2"])
    ('x2', 'x1')
    >>> formulas("**3", "y", ["x"])
    ('3 * x**2',)
    """
    power = _power(operation, inputs)
    if power is not None:
        return (power,)
    known = _FORMULAS.get(operation, ())
    if len(known) != len(inputs):
        return tuple(f"d{out}/d{name}" for name in inputs)
    names = dict(zip("ab", inputs, strict=False))
    return tuple(formula.format(out=out, **names) for formula in known)


def _power(operation: str, inputs: Sequence[str]) -> str | None:
    if not operation.startswith("**") or len(inputs) != 1:
        return None
    try:
        exponent = float(operation[2:])
    except ValueError:
        return None
    lowered = f"{exponent - 1:g}"
    base = f"{inputs[0]}**{lowered if exponent >= 1 else f'({lowered})'}"
    return f"{exponent:g} * {inputs[0] if lowered == '1' else base}"
