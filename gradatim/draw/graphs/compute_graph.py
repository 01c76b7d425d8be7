"""`draw.graph`: the compute graph of a value or a tensor, folded by module if large."""

from typing import Any

from ...core.errors import ArgumentError
from ...core.tape import history
from ...diagnose.calls import behind
from ..canvas.drawing import Drawing
from ..canvas.significant import grouped
from .fold_by_module import depth, fold_by_module
from .modules import OwnedGraph
from .picture import picture
from .record import Graph
from .tensors import is_tensor, owned_tensor_graph
from .values import is_value, owned_value_graph

READABLE = 150
WIDE = 60
MOST = 2000


def graph(x: Any, module: Any = None, *, fold: bool | int | None = None) -> Drawing:
    """Draw the compute graph that ends in `x`, a scalar `Value` or a `Tensor`.

    Every node shows its label, the operation that computed it, its data and its gradient ("not
    computed" before `backward()`). Parameters have their own colour: those of `module` (a network,
    or a list of leaves), or without it every leaf with a label.

    `fold` merges each module into one node: `True` the innermost ones, a number counts levels from
    the outside, `False` never folds. By default only graphs of more than 150 nodes are folded. For
    a large model `architecture(model, *inputs)` is easier to read.

    Errors: TypeError for an object without a graph, ArgumentError for a graph too large to read.

    >>> from gradatim.scalar import Value
    >>> a = Value(2.0, label="a")
    >>> graph(a * a + 1)
    <Drawing: Compute graph of a value, ...>
    """
    owned = _owned_graph(x, module)
    shown = _readable(owned, fold)
    if len(shown.nodes) > MOST:
        raise ArgumentError(_too_large(len(shown.nodes), folded=shown is not owned.graph))
    return picture(shown)


def is_large(x: Any) -> bool:
    """Whether the graph behind a tensor is wider than is readable.

    Then `draw.architecture` shows the model better.

    >>> import gradatim
    >>> is_large((gradatim.ones(2, requires_grad=True) * 3).sum())
    False
    """
    edge = history(x)
    return edge is not None and len(behind([edge])) > WIDE


def _owned_graph(x: Any, module: Any) -> OwnedGraph:
    if is_value(x):
        return owned_value_graph(x, module)
    if is_tensor(x):
        return owned_tensor_graph(x, module)
    raise TypeError(
        f"draw.graph draws the graph behind a Value or a Tensor, got {type(x).__name__}"
    )


def _readable(owned: OwnedGraph, wish: bool | int | None) -> Graph:
    """The graph itself if readable or not to be folded, else the best folding of it."""
    deepest = depth(owned)
    if wish and not deepest:
        raise ArgumentError(
            "draw.graph: it is unknown which module a node belongs to; pass the model as second"
            " argument, draw.graph(loss, model, fold=True)"
        )
    levels = _levels(wish, deepest, large=len(owned.graph.nodes) > READABLE)
    shown = owned.graph
    for level in levels:
        shown = fold_by_module(owned, level)
        if len(shown.nodes) <= READABLE:
            break
    return shown


def _levels(wish: bool | int | None, deepest: int, *, large: bool) -> list[int]:
    """The levels to fold to, in the order to try them."""
    if wish is None:
        return list(range(deepest, 0, -1)) if large else []
    if wish is False:
        return []
    if wish is True:
        return [deepest]
    if wish < 1:
        raise ArgumentError(f"draw.graph: fold counts levels from 1, not {wish}; False never folds")
    return [wish]


def _too_large(count: int, *, folded: bool) -> str:
    fold_it = (
        "fold it further with fold=1"
        if folded
        else "pass the model as second argument, draw.graph(loss, model), to fold it by module"
    )
    return (
        f"draw.graph: {grouped(count)} nodes are too many to read (at most {grouped(MOST)}):"
        f" {fold_it}, or draw a smaller part, such as the loss of one sample"
    )
