"""From a `Tensor` to the graph behind it, as recorded on the tape."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ...core.errors import ArgumentError
from ...core.handle import Handle
from ...core.nodes import Edge, Leaf, Node, Output
from ...core.tape import history
from ..canvas.significant import compact, grouped, significant
from .modules import OwnedGraph, owners
from .record import NOT_COMPUTED, NOT_KEPT, Graph, Kind
from .record import Node as Card
from .tape_facts import Facts, facts_of

_FREED = "not kept: backward() has freed it; backward(retain_graph=True) keeps it"
_NOT_NEEDED = "not kept: no gradient needs it"
_SYMBOLS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "matmul": "@",
    "linear_bias": "linear",
    "gelu_tanh": "gelu",
    "masked_scale": "dropout",
    "masked_attention": "attention",
    "masked_softmax": "softmax",
    "scaled_softmax": "softmax",
    "pow": "**",
    "power": "**",
    "square": "**2",
    "reduce_sum": "sum",
    "reduce_max": "max",
    "reduce_min": "min",
    "update_view": "[ ] =",
    "put": "[ ] =",
    "take": "[ ]",
    "gather": "[ ]",
    "embedding": "[ ]",
}
_SHORT_VECTOR = 3


def symbol(operation: str) -> str:
    """The symbol or the name of an operation.

    >>> symbol("matmul"), symbol("tanh")
    ('@', 'tanh')
    """
    return _SYMBOLS.get(operation, operation.strip("_"))


def is_tensor(x: object) -> bool:
    """Whether `x` is a tensor of this library."""
    return isinstance(x, Handle)


def owned_tensor_graph(root: Any, module: Any | None) -> OwnedGraph:
    """The graph behind `root`, and the owners of its parameters.

    Errors: ArgumentError if there is no graph.
    """
    if history(root) is None:
        raise ArgumentError(
            "draw.graph: this tensor has no graph: nothing that it was computed from has"
            " requires_grad=True, or it was computed under no_grad() or detached"
        )
    facts = facts_of(root)
    modules = [] if module is None else owners(module)
    parameters = {
        leaf: (i, ".".join((*owner.path, name)) if name else "")
        for i, owner in enumerate(modules)
        for leaf, name in owner.names.items()
    }
    return _Builder(facts, parameters).build(modules)


class _Builder:
    """Cards and edges, built in the order of the tape."""

    def __init__(self, facts: Facts, found: Mapping[int, tuple[int, str]]) -> None:
        self.facts = facts
        self.found = found
        outputs = [e for e in facts.entries if isinstance(e, Output)]
        self.results = Counter(e.node for e in outputs)
        self.only = {e.node: e for e in outputs if self.results[e.node] == 1}
        self.cards: list[Card] = []
        self.edges: list[tuple[int, int]] = []
        self.place: dict[Edge, int] = {}
        self.inputs: dict[int, int] = {}
        self.owner_of: dict[int, int] = {}
        self.sizes: dict[int, int] = {}

    def build(self, modules: Any) -> OwnedGraph:
        for entry in self.facts.entries:
            if isinstance(entry, Leaf):
                self.add_leaf(entry)
            elif isinstance(entry, Output) or _is_clutter(entry):
                self.place[entry] = self.place[_source(entry)]
            else:
                self.add_operation(entry)
        cards = tuple(self.cards)
        gone = {name for card in cards for name, value in card.rows if value == NOT_KEPT}
        state = "with gradients" if self.facts.walked else "gradients not computed"
        graph = Graph(
            cards,
            tuple(self.edges),
            title="Compute graph of a tensor",
            description=f"{grouped(len(cards))} tensors, {state}.",
            note=_FREED if "grad" in gone else _NOT_NEEDED if gone else "",
        )
        return OwnedGraph(graph, modules, self.owner_of, self.sizes)

    def add_leaf(self, entry: Leaf) -> None:
        tensor = entry.tensor()
        place = self.place[entry] = len(self.cards)
        owner, name = self.found.get(id(tensor), (None, ""))
        gradient = None if tensor is None or tensor.grad is None else tensor.grad._value
        rows = _rows(self.facts.values.get(entry), gradient, NOT_COMPUTED)
        self.cards.append(Card(name, "", rows, Kind.PARAMETER, name or "a leaf"))
        if owner is not None and tensor is not None:
            self.owner_of[place] = owner
            self.sizes[place] = int(tensor._value.size)

    def add_operation(self, entry: Edge) -> None:
        sources = [self.source(entry, i, edge) for i, edge in enumerate(entry.edges)]
        place = self.place[entry] = len(self.cards)
        last = entry is self.facts.entries[-1]
        if isinstance(entry, Node):
            name = entry.primitive.name
        else:  # a custom operation
            name = str(entry.name).removesuffix("Backward")
        unknown = NOT_KEPT if self.facts.walked else NOT_COMPUTED
        result = self.only.get(entry, entry)
        gradient = self.facts.gradients.get(result)
        rows = _rows(self.facts.values.get(result), gradient, unknown)
        if self.results[entry] > 1:
            rows = (("gives", f"{self.results[entry]} tensors"),)
        kind = Kind.RESULT if last else Kind.OPERATION
        self.cards.append(Card("", symbol(name), rows, kind, entry.name))
        self.edges += [(source, place) for source in sources if source is not None]

    def source(self, entry: Edge, i: int, edge: Edge | None) -> int | None:
        """The index of one input; inputs that are not on the tape get one when first used."""
        if edge is not None:
            return self.place[edge]
        value = self.facts.constants.get((entry, i))
        if value is None:
            return None
        if id(value) not in self.inputs:
            self.inputs[id(value)] = len(self.cards)
            name = "input" if value.size > 1 else ""
            self.cards.append(Card(name, "", _shape_and_data(value), Kind.INPUT, "an input"))
        return self.inputs[id(value)]


def _is_clutter(entry: Edge) -> bool:
    """Broadcasting is an operation of the engine that the user did not write."""
    return isinstance(entry, Node) and entry.primitive.name == "broadcast_to"


def _source(entry: Edge) -> Edge:
    return next(edge for edge in entry.edges if edge is not None)


def _rows(value: Any, gradient: Any, unknown: str) -> tuple[tuple[str, str], ...]:
    rows = (("data", NOT_KEPT),) if value is None else _shape_and_data(value)
    return (*rows, ("grad", unknown if gradient is None else summary(gradient)))


def _shape_and_data(value: Any) -> tuple[tuple[str, str], ...]:
    shape = (("shape", " × ".join(map(str, value.shape))),) if value.shape else ()
    return (*shape, ("data", summary(value)))


def summary(array: Any) -> str:
    """An array in one line: its numbers if few, else mean ± standard deviation."""
    if array.size == 0:
        return "empty"
    if array.dtype.kind != "f":
        least, greatest = array.min(), array.max()
        return str(least) if least == greatest else f"{least} … {greatest}"
    if array.size == 1:
        return significant(array.item())
    if array.size <= _SHORT_VECTOR:
        return ", ".join(compact(number, 3) for number in array.ravel().tolist())
    return f"{compact(array.mean(), 3)} ± {compact(array.std(), 3)}"
