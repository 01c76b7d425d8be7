"""One run of a model, recorded for a picture: which call computed what."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from ..._tensor.tensor import Tensor
from ...autograd import enable_grad
from ...core.errors import ArgumentError
from ...core.nodes import Edge, Leaf, Node, Output
from ...core.tape import history
from ...diagnose.calls import Call, Calls, recording
from ...diagnose.frozen import taping_frozen
from ...diagnose.unchanged import unchanged
from ...nn import Module
from ..graphs.tape_facts import facts_of


@dataclass(frozen=True)
class Input:
    """An argument of the model: its name, its shape and its tensor."""

    name: str
    tensor: Tensor
    edge: Edge | None

    def is_(self, tensor: Any) -> bool:
        """Whether a tensor shares this one's memory."""
        return tensor._storage is self.tensor._storage


@dataclass(frozen=True)
class Run:
    """A model's calls, its operations (earliest first) and the shapes of their results."""

    model: Module
    calls: Calls
    entries: Sequence[Edge]
    shapes: dict[Edge, tuple[int, ...]]
    inputs: Sequence[Input]
    results: Sequence[Tensor]
    parameters: dict[Edge, str]  # by tape entry

    @property
    def root(self) -> Call:
        """The call of the model itself."""
        return self.calls[0]

    @property
    def ends(self) -> list[Tensor]:
        """The results that no other operation of the model uses."""
        used = {base(edge) for entry in self.entries for edge in entry.edges if edge is not None}
        return [x for x in self.results if base(history(x)) not in used]


def run(model: Module, inputs: Sequence[Any], names: Sequence[str]) -> Run:
    """Call `model(*inputs)` once, without side effects; frozen parts are recorded too.

    Errors: ArgumentError if the results depend on no recorded operation.
    """
    given = [_noted(x) for x in inputs]
    with ExitStack() as stack:
        for block in (unchanged(model), enable_grad(), taping_frozen(model)):
            stack.enter_context(block)
        with recording(model) as calls:
            results = list(_tensors(model(*given)))
        parameters = {history(p): name for name, p in model.named_parameters()}
        total = _total(results)
        if total is None:
            raise ArgumentError(
                f"draw.architecture: {type(model).__name__} gives nothing that was computed from "
                "its inputs or parameters in a way that leaves a graph"
            )
        facts = facts_of(total)
    kept = {call.edge: call.values for call in calls}
    values = {**facts.values, **kept, **{history(x): x._value for x in results}}
    end = calls[0].end
    entries = [edge for edge in facts.entries if edge.time <= end and not isinstance(edge, Output)]
    known = [
        Input(name, x, history(x))
        for name, x in zip(names, given, strict=False)
        if isinstance(x, Tensor)
    ]
    shapes = {edge: tuple(value.shape) for edge, value in values.items() if value is not None}
    return Run(model, calls, entries, shapes, known, results, parameters)


def base(edge: Edge) -> Edge:
    """The operation that an entry is an output of."""
    return edge.node if isinstance(edge, Output) else edge


def name_of(entry: Edge) -> str:
    """The name of an operation, also of a custom `Function`."""
    if isinstance(entry, Node):
        return entry.primitive.name
    return "" if isinstance(entry, Leaf) else str(entry.name).removesuffix("Backward")


def _noted(x: Any) -> Any:
    """Make floating inputs leaves of the tape, so that the first operations on them are recorded.

    Other inputs are identified by their memory, which two windows of one text may share.
    """
    if not isinstance(x, Tensor):
        return x
    return x.detach().requires_grad_() if x.is_floating_point() else x.clone()


def _tensors(output: Any) -> list[Tensor]:
    if isinstance(output, Tensor):
        return [output]
    if isinstance(output, dict):
        output = list(output.values())
    if isinstance(output, list | tuple):
        return [x for part in output for x in _tensors(part)]
    return []


def _total(results: Sequence[Tensor]) -> Any:
    """One number that depends on all results."""
    total: Any = None
    for x in results:
        if history(x) is not None:
            total = x.sum() if total is None else total + x.sum()
    return total
