"""What the tape still knows about the tensors between the leaves and a result.

The engine keeps no tensors for inspection: an operation saves what its gradient rule needs, until
`backward()` frees it. From that, most of the rest can be recomputed: values forward, from inputs to
results, and gradients backward, by the operations' own rules. No hook runs, no `.grad` changes, and
the tape is not modified.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ...core.backward import PendingGradients
from ...core.context import GradMode, local
from ...core.errors import AutogradError
from ...core.handle import wrap, written_since
from ...core.nodes import Edge, Leaf, Node
from ...core.tape import history
from ...diagnose.calls import behind


@dataclass(frozen=True)
class Facts:
    """Values and gradients (arrays) by tape entry, and inputs that are not on the tape."""

    entries: Sequence[Edge]
    values: dict[Edge, Any]
    gradients: dict[Edge, Any]
    constants: dict[tuple[Edge, int], Any]
    walked: bool  # whether `backward()` has been called


def facts_of(root: Any) -> Facts:
    """Everything that can be known about the tape behind the tensor `root`."""
    edge = history(root)
    entries = behind([edge])
    values, constants = _saved(entries)
    values[edge] = root._value
    _compute_forward(entries, values, constants)
    leaves = (entry.tensor() for entry in entries if isinstance(entry, Leaf))
    walked = any(leaf is not None and leaf.grad is not None for leaf in leaves)
    gradients = _compute_backward(entries, root) if walked and root._value.size == 1 else {}
    return Facts(entries, values, gradients, constants, walked)


def _saved(entries: Sequence[Edge]) -> tuple[dict[Edge, Any], dict[tuple[Edge, int], Any]]:
    """The values of leaves, and those that operations saved for their gradient rules."""
    values: dict[Edge, Any] = {}
    constants: dict[tuple[Edge, int], Any] = {}
    for entry in entries:
        if isinstance(entry, Leaf):
            tensor = entry.tensor()
            if tensor is not None:
                values[entry] = tensor._value
        elif isinstance(entry, Node):
            for place, tensor in zip(entry.plan.keeps, entry.saved or (), strict=False):
                if written_since(tensor, entry.time):
                    continue
                source = entry.edges[place]
                if source is None:
                    constants[entry, place] = tensor._value
                else:
                    values.setdefault(source, tensor._value)
            if entry.result is not None:
                values.setdefault(entry, entry.result)
    return values, constants


def _compute_forward(
    entries: Sequence[Edge], values: dict[Edge, Any], constants: dict[tuple[Edge, int], Any]
) -> None:
    """Run again the operations whose result is not saved but whose inputs all are."""
    for entry in entries:
        if entry in values or not isinstance(entry, Node) or entry.output_count > 1:
            continue
        inputs = [
            constants.get((entry, i)) if edge is None else values.get(edge)
            for i, edge in enumerate(entry.edges)
        ]
        if all(value is not None for value in inputs):
            backend = local.context.backend
            tensors = tuple(wrap(value) for value in inputs)
            values[entry] = backend.execute(entry.primitive, tensors, entry.params)


def _compute_backward(entries: Sequence[Edge], root: Any) -> dict[Edge, Any]:
    """The gradient of `root` at every entry, unless `backward()` has freed what it needs."""
    pending = PendingGradients(retain_graph=True, create_graph=False, into_leaves=False)
    pending.add(entries[-1], wrap(root._value * 0 + 1), fresh=False)
    gradients: dict[Edge, Any] = {}
    with GradMode(False):
        for entry in reversed(entries):
            gradient, _ = pending.take(entry)
            if gradient is None:
                continue
            if not isinstance(gradient, list):  # a list has one for each result of the operation
                gradients[entry] = gradient._value
            with suppress(AutogradError):
                entry.visit(gradient, pending, fresh=False)
    return gradients
