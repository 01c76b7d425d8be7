"""How large the integers can become that a program computes from states, in place of Python.

Python's have as many digits as they need, a program's 64 bits. So what could become larger is left
to Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ..ir.graph import Equation, Var
from .states import LARGEST

_MOST = 2**63 - 1


def sizes(equations: Iterable[Equation], begin: Mapping[Var, int]) -> dict[Var, int] | None:
    """The largest size of each integer computed from those to `begin` with and from constants only.

    None if one may not fit into 64 bits, or if it is unknown how large it can become.
    """
    known = dict(begin)
    constants: dict[Var, int] = {}
    for e in equations:
        if e.name == "repeated" and type(e.params["value"]) is int:
            constants[e.output] = abs(e.params["value"])
        if not any(x in known for x in e.inputs) or not all(_is_integer(x) for x in e.outputs):
            continue
        given = [known.get(x, constants.get(x)) for x in e.inputs]
        if None in given:
            continue  # arithmetic of a tensor, which has 64 bits without a compiler as well
        size = _SIZES.get(e.name)
        if size is None or (largest := size(*given)) > _MOST:
            return None
        known[e.output] = largest
    return known


def is_steady(size: int) -> bool:
    """Whether an integer state of this size after a step stays small for billions of steps."""
    return size <= 2 * LARGEST


def _is_integer(x: Var) -> bool:
    return x.dtype.kind == "i"


def _of_bits(*sizes: int) -> int:
    return int(2 ** max(s.bit_length() for s in sizes))


_SIZES: dict[str, Callable[..., int]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x + y,
    "mul": lambda x, y: x * y,
    "floor_divide": lambda x, y: x,
    "remainder": lambda x, y: y,
    "square": lambda x: x * x,
    "minimum": max,
    "maximum": max,
    "bitwise_and": _of_bits,
    "bitwise_or": _of_bits,
    "bitwise_xor": _of_bits,
    "bitwise_not": lambda x: x + 1,
    **dict.fromkeys(
        ["abs", "neg", "reshape", "broadcast_to", "permute", "copy", "cast", "slice"], lambda x: x
    ),
}
