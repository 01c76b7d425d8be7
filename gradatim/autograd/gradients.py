"""Gradients as values: `grad`, and `backward` for several tensors at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._tensor.autograd import backward as _backward
from .._tensor.autograd import starts, targets
from .._tensor.tensor import Tensor
from ..core.backward import walk
from ..core.errors import ArgumentError, AutogradError
from ..core.handle import check_tensor
from ..ops.broadcast import copy, full

Tensors = Tensor | Sequence[Tensor]


def _several(x: Any) -> list[Any]:
    return [x] if x is None or isinstance(x, Tensor) else list(x)


def _weights(name: str, given: Any, outputs: list[Any]) -> list[Any]:
    weights = [None] * len(outputs) if given is None else _several(given)
    if len(weights) != len(outputs):
        raise AutogradError(
            f"{name}: {len(outputs)} outputs but {len(weights)} gradients for them; give one each"
        )
    return weights


def backward(
    tensors: Tensors,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensors | None = None,
) -> None:
    """Add the gradients of one or several tensors to the `.grad` of the leaves they depend on."""
    roots = _several(tensors)
    _backward(roots, _weights("backward", grad_tensors, roots), retain_graph, create_graph, inputs)


def grad(
    outputs: Tensors,
    inputs: Tensors,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor, ...]:
    """d(sum of outputs) / d input for each input; no `.grad` changes.

    An input on which the outputs do not depend raises, unless `allow_unused` (its gradient is None)
    or `materialize_grads` (zeros). `only_inputs` must be true.

    >>> import gradatim
    >>> x = gradatim.tensor(3.0, requires_grad=True)
    >>> (dx,) = grad(x**3, x, create_graph=True)
    >>> (ddx,) = grad(dx, x)
    >>> dx.item(), ddx.item()
    (27.0, 18.0)
    """
    if not only_inputs:
        raise ArgumentError("grad: only_inputs=False is not supported; use backward()")
    if is_grads_batched:
        raise AutogradError("grad: is_grads_batched is not supported; call grad once per row")
    if materialize_grads and allow_unused is False:
        raise ArgumentError(
            "grad: materialize_grads gives zeros to inputs that are not used, so allow_unused "
            "cannot be False"
        )
    gradients = _gradients(
        _several(outputs),
        _several(inputs),
        grad_outputs,
        create_graph if retain_graph is None else retain_graph,
        create_graph,
    )
    for i, (x, gradient) in enumerate(zip(_several(inputs), gradients, strict=True)):
        if gradient is None and materialize_grads:
            gradients[i] = copy(full(x._value.shape, 0, x._value.dtype))
        elif gradient is None and not allow_unused:
            raise AutogradError(
                f"grad: the outputs do not depend on input {i}; pass allow_unused=True to get "
                "None for it"
            )
    return tuple(gradients)


def _gradients(
    outputs: list[Any], inputs: list[Any], weights: Any, retain_graph: bool, create_graph: bool
) -> list[Any]:
    """The gradient for each input; None where the outputs do not depend on it."""
    names = [f"grad: output {i}" for i in range(len(outputs))]
    for name, x in zip(names, outputs, strict=True):
        check_tensor(name, x, "the output")
    roots, seeds = starts(names, outputs, _weights("grad", weights, outputs))
    edges = targets("grad", inputs)
    by_edge = walk(
        roots, seeds, targets=edges, retain_graph=retain_graph, create_graph=create_graph
    )
    return [by_edge.get(edge) for edge in edges]
