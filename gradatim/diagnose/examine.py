"""`examine`: run a network once on a batch and record what every layer does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from .._tensor.like import ones_like
from .._tensor.tensor import Tensor
from ..autograd import enable_grad, no_grad
from ..core.backend import ForceEager
from ..core.backward import walk
from ..core.context import using
from ..core.errors import ArgumentError, AutogradError
from ..core.nodes import Node
from ..core.tape import history
from ..nn import Module
from .calls import ACTIVATIONS, Call, Calls, behind, recording
from .frozen import learning, taping_frozen
from .report import Report
from .signals import Array, Signal, Weight
from .unchanged import unchanged


def examine(
    model: Module, *inputs: Any, loss: Callable[[Any], Tensor] | None = None, **named: Any
) -> Report:
    """Run `model(*inputs, **named)` once, forward and backward, and report on every layer.

    Signals are the outputs of all modules without submodules, and of activations called as
    functions. The loss is `loss(output)`; without it the output must be a number, or a tuple that
    ends with one, such as `(prediction, loss)`. Nothing is changed: neither `.grad` nor running
    statistics nor the random generator. Frozen layers report signals without gradients.

    Errors: ArgumentError if there is no loss or the batch is empty, AutogradError if the loss
    depends on nothing that requires a gradient.

    >>> import gradatim
    >>> from gradatim import nn
    >>> _ = gradatim.manual_seed(0)
    >>> model = nn.Sequential(nn.Linear(4, 100), nn.ReLU())
    >>> report = examine(model, gradatim.randn(32, 4), loss=lambda y: y.sum())
    >>> [(signal.kind, signal.units, signal.dead) for signal in report.signals]
    [('Linear', 100, None), ('ReLU', 100, 0)]
    """
    if not isinstance(model, Module):
        raise ArgumentError(
            f"diagnose.examine: expects a Module, got {type(model).__name__}; put a function "
            "into the forward of one"
        )
    # Until backward is done: restoring buffers writes to them, and backward may read them.
    with unchanged(model):
        return _report(model, *_run(model, inputs, named, loss))


def _report(model: Module, total: Tensor, calls: Calls, frozen: set[Any]) -> Report:
    """The report from the tape behind a loss and the gradients computed on it."""
    root = history(total)
    entries = behind([] if root is None else [root])
    learns = learning(entries, frozen)
    if root not in learns:
        raise AutogradError(
            "diagnose.examine: the loss depends on no parameter that requires a gradient; was the "
            "model run under no_grad, or are its parameters frozen?"
        )
    places = _places(calls, entries)
    _check_numbers(places)
    weights = dict(model.named_parameters())
    edges = [edge for edge in (*places, *map(history, weights.values())) if edge in learns]
    gradients = walk(
        [root], [ones_like(total)], targets=edges, retain_graph=True, create_graph=False
    )
    signals = [
        Signal(name, kind, values, _array(gradients.get(edge)), _slope(edge))
        for edge, (name, kind, values) in places.items()
    ]
    examined = [
        Weight(name, np.array(weight.detach()), _array(gradients.get(history(weight))))
        for name, weight in weights.items()
    ]
    return Report(tuple(signals), tuple(examined), total.item())


def _run(
    model: Module,
    inputs: tuple[Any, ...],
    named: dict[str, Any],
    loss: Callable[[Any], Tensor] | None,
) -> tuple[Tensor, Calls, set[Any]]:
    """The loss of one eager run, the calls in it, and the tape entries of frozen parameters."""
    with (
        enable_grad(),
        using(ForceEager()),
        taping_frozen(model) as frozen,
        recording(model) as calls,
    ):
        return _loss_of(model(*inputs, **named), loss), calls, frozen


def _loss_of(output: Any, loss: Callable[[Any], Tensor] | None) -> Tensor:
    given = loss(output) if loss is not None else output
    if loss is None and isinstance(output, tuple) and output:
        given = output[-1]
    if isinstance(given, Tensor) and given.numel() == 1:
        return given
    what = f"shape {list(given.shape)}" if isinstance(given, Tensor) else type(given).__name__
    if loss is not None:
        raise ArgumentError(f"diagnose.examine: loss must return one number, it returned {what}")
    raise ArgumentError(
        f"diagnose.examine: the model's output is no loss ({what}); say how to get one number from"
        " it, for example loss=lambda output: F.cross_entropy(output, labels)"
    )


def _check_numbers(places: dict[Any, tuple[str, str, Array]]) -> None:
    for name, _, values in places.values():
        if not values.size:
            raise ArgumentError(
                f"diagnose.examine: there are no numbers in {name}, of shape {list(values.shape)}; "
                "is the batch empty? Give it some examples"
            )


def _places(calls: Calls, entries: list[Any]) -> dict[Any, tuple[str, str, Array]]:
    """The tape entries to report, earliest first, each with name, kind and values."""
    signals: dict[Any, tuple[str, str, Array]] = {}
    for call in calls:
        if call.values is not None:
            name = call.path or call.kind
            signals.setdefault(_computed_in(call), (name, call.kind, call.values))
    for node in entries:
        if type(node) is Node and node not in signals and node.primitive.name in ACTIVATIONS:
            values = _values(node)
            if values is not None:
                around, name = calls.around(node.time), node.primitive.name
                path = around.path if around else ""
                signals[node] = (f"{path}.{name}" if path else name, name, values)
    seen: Counter[str] = Counter()
    ordered: dict[Any, tuple[str, str, Array]] = {}
    for edge in sorted(signals, key=lambda edge: edge.time):
        name, kind, values = signals[edge]
        seen[name] += 1
        again = f" ({seen[name]})" if seen[name] > 1 else ""  # a shared layer, used again
        ordered[edge] = (name + again, kind, values)
    return ordered


def _computed_in(call: Call) -> Any:
    """The tape entry that computed a call's output; for an in-place activation, not its copy."""
    edge = call.edge
    if type(edge) is not Node or edge.primitive.name != "copy":
        return edge
    before = edge.edges[0]
    if type(before) is not Node or before.time <= call.begin:
        return edge
    return before if before.primitive.name in ACTIVATIONS else edge


def _values(node: Node) -> Array | None:
    """The result of an operation, from the tape's saved values or recomputed from them."""
    if node.result is not None:
        return np.array(node.result)
    saved = node.saved or ()
    if len(saved) < len(node.edges):
        return None
    return np.asarray(node.primitive.value(*(x._value for x in saved), **node.params))


def _slope(edge: Any) -> Array | None:
    """The derivative of an activation at each element, by its own gradient rule."""
    if type(edge) is not Node or edge.primitive.name not in ACTIVATIONS:
        return None
    values = _values(edge)
    if values is None:
        return None
    with no_grad():
        gradients = edge.pull(Tensor(values * 0 + 1))
    return next((_array(gradient) for i, gradient in gradients if i == 0), None)


def _array(tensor: Tensor | None) -> Array | None:
    return None if tensor is None else np.array(tensor.detach())
