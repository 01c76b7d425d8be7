"""Passes over a row: a new one begins where elements of the row need a reduction's result.

x - mean(x)        pass 0 sums x; pass 1 subtracts the mean
"""

from __future__ import annotations

from ...ir.graph import Var
from ...ir.kinds import is_dear
from ...ir.nests import ELEMENT, Node, RowNest
from ..nest.scopes import NestScope


class Passes:
    """In which pass each value of a nest is available, and each reduction accumulates."""

    def __init__(self, nest: RowNest, scope: NestScope) -> None:
        self.nest, self.scope = nest, scope
        self.of: dict[Var, int] = {}
        for n in nest.nodes:
            if n.role in ("map", "load"):
                self.of[n.var] = self.adds(n)
            elif n.role == "row":
                self.of[n.var] = self.adds(n) + 1
        self.last = max(self.of.values(), default=0)

    def there(self, v: Var) -> int:
        """The first pass in which a value is available."""
        return self.of.get(v, 0)

    def adds(self, n: Node) -> int:
        """The first pass in which all arguments of a node are available."""
        return max((self.there(a) for a in n.arguments if isinstance(a, Var)), default=0)

    def sums(self, number: int) -> list[Node]:
        """The reductions along the row that accumulate in a pass."""
        return [n for n in self.nest.nodes if n.role == "row" and self.adds(n) == number]

    def dear_again(self) -> list[Var]:
        """Elements too expensive to be recomputed in the later passes that need them."""
        return [n.var for n in self.nest.nodes if self._is_dear(n) and self._used_later(n.var)]

    def _is_dear(self, n: Node) -> bool:
        dear = n.role == "load" or is_dear(n.equation.primitive)
        return dear and self.scope.level(n.var) == ELEMENT

    def _used_later(self, v: Var) -> bool:
        """Whether a later pass needs a value, directly or through cheap ones."""
        here = self.of[v]
        if any(s.value is v and self.there(s.value) > here for s in self.nest.stores):
            return True
        for n in self.nest.nodes:
            if v in n.arguments and n.role != "row":
                if self.there(n.var) > here or self._used_later_cheaply(n, here):
                    return True
            elif v in n.arguments and self.adds(n) > here:
                return True
        return False

    def _used_later_cheaply(self, n: Node, here: int) -> bool:
        return (
            n.role == "map"
            and not self._is_dear(n)
            and n.var in self.of
            and any(
                n.var in m.arguments and self.of.get(m.var, self.adds(m)) > here
                for m in self.nest.nodes
            )
        )
