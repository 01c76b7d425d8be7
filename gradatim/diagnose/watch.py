"""How large the updates of a training are, relative to the weights."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from ..nn import Module
from .signals import Array, norm


class Watch:
    """Records what every `with watch:` block does to the parameters of a model.

        watch = Watch(model)
        for X, Y in batches:
            ...
            loss.backward()
            with watch:
                optimizer.step()
        draw.curves(watch.ratios, log_y=True, y_label="update to data")

    A block is usually an optimiser's step, of any optimiser, or a whole compiled step.

    `ratios` has for each parameter std(update) / std(values), block after block: about 1e-3 is
    healthy, far more is unstable and far less is slow. `norms` has the norm of each gradient that
    was present when the block began.

    >>> import gradatim
    >>> from gradatim import nn
    >>> model = nn.Linear(3, 1, bias=False)
    >>> watch = Watch(model)
    >>> with watch, gradatim.no_grad():
    ...     _ = model.weight.mul_(1.5)
    >>> {name: [round(r, 2) for r in ratios] for name, ratios in watch.ratios.items()}
    {'weight': [0.5]}
    """

    def __init__(self, model: Module) -> None:
        if not isinstance(model, Module):
            raise ArgumentError(f"diagnose.Watch: expects a Module, got {type(model).__name__}")
        self.parameters = dict(model.named_parameters())
        self.ratios: dict[str, list[float]] = {name: [] for name in self.parameters}
        self.norms: dict[str, list[float]] = {name: [] for name in self.parameters}
        self._before: dict[str, Array] = {}

    def __enter__(self) -> Watch:
        if self._before:
            raise ArgumentError(
                "diagnose.Watch: this block is inside another block of the same watch; leave the "
                "outer one first, or make a watch for each"
            )
        for name, parameter in self.parameters.items():
            self._before[name] = np.array(parameter.detach())
            gradient: Any = parameter.grad
            self.norms[name].append(0.0 if gradient is None else norm(np.asarray(gradient)))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name, parameter in self.parameters.items():
            before = self._before.pop(name).astype(np.float64)
            update = np.asarray(parameter.detach()) - before
            spread = before.std()
            self.ratios[name].append(float(update.std() / spread) if spread else float("nan"))
