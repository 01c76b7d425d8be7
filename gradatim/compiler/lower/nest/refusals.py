"""Invalid indices and divisors that a nest meets, reported in eager's words.

status[0]   the number, from 1, of the first refusal; 0 while there is none
status[k]   the index that refusal k is about
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...ir.graph import Equation
from ...ir.kinds import DIVISIONS, is_division
from ...ir.nests import Argument, Leaf, Node
from ..text.emit import Function
from ..text.types import I1, I64, Value, constant, width

INDEX, DIVISION = "index", "division"
FROM_THE_END = ("take", "put")  # accept negative indices
_OF_CLASSES = ("pick", "place", "cross_entropy", "cross_entropy_back", "nll", "nll_back")
_OF_SEVERAL = ("flat_index", "take_pairs")  # take several indices together
REFUSING = frozenset(
    {
        *("take", "put", "gather", "scatter", "embedding"),
        *_OF_SEVERAL,
        *_OF_CLASSES,
        *DIVISIONS,
    }
)


@dataclass(frozen=True)
class Refusal:
    """The message of a refusal; `{}` in the text stands for the index."""

    kind: str
    text: str
    line: str = ""

    def message(self, index: int | None = None) -> str:
        """The message with an index; without one, as it holds for any."""
        text = self.text.replace(" {}", "" if index is None else f" {index}")
        return f"{text} ({self.line})" if self.line else text


def index_refused(e: Equation, n: int) -> Refusal:
    """The refusal of an index outside the `n` places of a table."""
    return Refusal(INDEX, _about_index(e, n), e.line)


def division_refused(e: Equation) -> Refusal:
    """The refusal of an integer division by zero."""
    text = f"{e.name}: integer division by zero; divide floats for inf or nan"
    return Refusal(DIVISION, text, e.line)


def refused_by(nodes: Sequence[Node]) -> list[tuple[Node, Refusal]]:
    """The nodes of a nest that may meet an invalid index or a division by zero."""
    refusals = []
    for n in nodes:
        if n.role == "load":
            table = n.arguments[0]
            assert isinstance(table, Leaf)
            assert table.chosen is not None
            refusals.append((n, index_refused(n.equation, table.chosen[1])))
        elif n.role == "scatter":
            refusals.append((n, index_refused(n.equation, n.var.shape[0])))
        elif is_division(n.equation) and not is_number_but_0(n.arguments[1]):
            refusals.append((n, division_refused(n.equation)))
    return refusals


def is_number_but_0(a: Argument) -> bool:
    """Whether an argument is a nonzero constant, a safe divisor."""
    return isinstance(a, Leaf) and a.number is not None and a.number != 0


def _about_index(e: Equation, n: int) -> str:
    if "embedding" in (e.name, e.part_of):
        return f"embedding: index {{}} is out of range: the table has {n} rows, 0 to {n - 1}"
    if e.part_of in _OF_CLASSES:
        return f"target {{}} is out of range: there are {n} classes, 0 to {n - 1}"
    if e.part_of in _OF_SEVERAL:  # the dimension is not known
        return f"index {{}} is out of bounds for a dimension of size {n}; use {-n} to {n - 1}"
    low = -n if e.name in FROM_THE_END else 0
    dim = e.params["dim"]
    return f"index {{}} is out of bounds for dimension {dim} with size {n}; use {low} to {n - 1}"


def write_refusal(
    f: Function, status: Value, number: int, wrong: Value, index: Value | None = None
) -> None:
    """Record refusal `number` if any lane of `wrong` is set and it is the first one."""
    n = width(wrong.type)
    some = f.intrinsic("llvm.vector.reduce.or", I1, wrong, kinds=[wrong.type]) if n > 1 else wrong
    with f.when(some), f.when(f.compare("eq", f.load(I64, status), 0)):
        if index is not None:
            f.store(_first(f, wrong, index), f.gep(I64, status, number))
        f.store(constant(number, I64), status)


def _first(f: Function, mask: Value, x: Value) -> Value:
    """The first lane of a vector whose mask is set."""
    n = width(x.type)
    if n == 1:
        return x
    bits = f.bitcast(mask, f"i{n}")
    lane = f.intrinsic("llvm.cttz", bits.type, bits, constant(True, I1))
    return f.new(I64, f"extractelement {x.text}, {lane.text}")
