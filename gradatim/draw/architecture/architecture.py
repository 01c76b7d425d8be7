"""`draw.architecture`: a model's modules, and the shapes that flow between them."""

from __future__ import annotations

import inspect
from typing import Any

from ...core.arguments import whole_number
from ...core.errors import ArgumentError
from ...nn import Module
from ..canvas.drawing import Drawing
from ..canvas.significant import grouped, significant
from .picture import picture
from .repeats import collapsed
from .run import Run, run
from .steps import Reader, Step, shape_text

READABLE = 60  # rows; larger models are opened fewer levels
MOST = 1000


def architecture(model: Any, *inputs: Any, depth: int | None = None, title: str = "") -> Drawing:
    """Draw a model's modules as boxes from top to bottom, with the shapes that flow between them.

    The model is run once on `inputs`, without changing them. `depth` is how many levels of modules
    are opened: 0 shows the model as one box, 1 its parts, and so on; the default is as many as stay
    readable. Operations outside of submodules are shown between them, except those that only
    reshape. Repeated identical blocks are shown once.

    Errors: TypeError for anything but a module, ArgumentError for a negative depth, for a model
    whose results have no graph, or for more than 1,000 rows.

    >>> import gradatim
    >>> from gradatim import nn
    >>> model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
    >>> architecture(model, gradatim.ones(8, 2))
    <Drawing: Sequential, ...>
    """
    if not isinstance(model, Module):
        raise TypeError(f"draw.architecture: expects a Module, got {type(model).__name__}")
    if depth is not None and whole_number("draw.architecture: depth", depth) < 0:
        raise ArgumentError(f"draw.architecture: depth counts levels from 0, got {depth}")
    recorded = run(model, inputs, _names(model, len(inputs)))
    root = _opened(recorded, depth)
    if root.rows() > MOST:
        raise ArgumentError(
            f"draw.architecture: {grouped(root.rows())} rows are too many to read; open fewer"
            f" levels with a depth below {depth}"
        )
    count = sum(p.numel() for p in model.parameters())
    subtitle = f"{grouped(count)} parameters; shapes are those of one run"
    result = ", ".join(map(_result, recorded.ends or recorded.results[-1:]))
    name = title or type(model).__name__
    return picture(root, result, title=name, subtitle=subtitle)


def _opened(recorded: Run, depth: int | None) -> Step:
    if depth is not None:
        return collapsed(Reader(recorded, depth).model())
    opened = collapsed(Reader(recorded, 1).model())
    for level in range(2, 2 + max(call.path.count(".") + 1 for call in recorded.calls)):
        deeper = collapsed(Reader(recorded, level).model())
        if deeper.rows() > READABLE:
            break
        opened = deeper
    return opened


def _names(model: Module, count: int) -> list[str]:
    """The names of the model's arguments."""
    parameters = list(inspect.signature(model.forward).parameters.values())
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [*names, *(f"input {i + 1}" for i in range(len(names), count))]


def _result(x: Any) -> str:
    return shape_text(tuple(x.shape)) or significant(x.item())
