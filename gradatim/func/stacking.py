"""Several networks of one kind as one, whose parameters have a further first dimension."""

from __future__ import annotations

from typing import Any

from .._tensor.joining import stack
from ..core.errors import ArgumentError


def stack_module_state(models: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters and buffers of equal networks, stacked, for `functional_call` in a `vmap`.

    The stacked parameters are new leaves, for an optimiser, and require grad as the models' do.

    Errors: ArgumentError for no model, or models of different classes or modes.

    >>> import gradatim
    >>> parameters, buffers = stack_module_state([gradatim.nn.Linear(2, 3) for _ in range(5)])
    >>> parameters["weight"].shape
    gradatim.Size([5, 3, 2])
    """
    models = list(models)
    if not models:
        raise ArgumentError("stack_module_state: expects at least one model")
    if len({type(m) for m in models}) > 1 or len({m.training for m in models}) > 1:
        raise ArgumentError("stack_module_state: models of different classes, or train and eval")

    def stacked(kind: str) -> dict[str, Any]:
        rows: list[dict[str, Any]] = [dict(getattr(m, kind)()) for m in models]
        return {
            name: stack([row[name].detach() for row in rows]).requires_grad_(x.requires_grad)
            for name, x in rows[0].items()
        }

    return stacked("named_parameters"), stacked("named_buffers")
