"""Assign tape entries to modules: to the innermost call during which they were made.

Every tape entry has a time, and a module's call is an interval of it. Entries inside the interval
belong to the module; those in no submodule's call are its own, such as a `tanh` in `forward`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._tensor.tensor import Tensor
from ..core.storage import tick
from ..core.tape import history
from ..nn import Module

# Elementwise nonlinearities of networks, by operation name.
ACTIVATIONS = frozenset(
    (
        *("tanh", "sigmoid", "log_sigmoid", "hardtanh", "hardsigmoid", "softsign", "tanhshrink"),
        *("relu", "relu6", "leaky_relu", "prelu", "threshold", "softshrink", "hardshrink"),
        *("elu", "selu", "celu", "gelu", "gelu_tanh", "silu", "mish", "hardswish", "softplus"),
    )
)


@dataclass
class Call:
    """One call of a module: its name, its class and its interval of time.

    For modules without submodules the output is kept too, as a tape entry and as numbers.
    """

    path: str
    kind: str
    is_leaf: bool
    begin: int
    end: int = 0
    edge: Any = None
    values: Any = None


class Calls(list[Call]):
    """The calls of one run, in the order they began."""

    def around(self, time: int) -> Call | None:
        """The innermost call at a tape time."""
        inside = [call for call in self if call.begin < time <= call.end]
        return max(inside, key=lambda call: call.begin, default=None)


@contextmanager
def recording(model: Module) -> Iterator[Calls]:
    """During a block, record every call of a module inside `model`."""
    calls = Calls()
    running: list[Call] = []
    handles = []

    def begin(path: str, is_leaf: bool, module: Module) -> None:
        call = Call(path, type(module).__name__, is_leaf, tick())
        calls.append(call)
        running.append(call)

    def end(output: Any) -> None:
        call = running.pop()
        call.end = tick()
        if call.is_leaf and isinstance(output, Tensor) and is_new_floating(output):
            # A copy, and at once: the next layer may overwrite it.
            call.edge, call.values = entry(output), np.array(output.detach())

    for path, module in model.named_modules():
        leaf = not any(True for _ in module.children())
        handles.append(
            module.register_forward_pre_hook(
                lambda module, args, path=path, leaf=leaf: begin(path, leaf, module), prepend=True
            )
        )
        handles.append(module.register_forward_hook(lambda module, args, output: end(output)))
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def is_new_floating(output: Tensor) -> bool:
    """Whether a result is floating and not a view of an input."""
    return output.is_floating_point() and output._base is None


@dataclass(frozen=True)
class Untaped:
    """Replaces the tape entry where there is none: a storage and its version."""

    storage: Any
    written: int
    time: int = field(compare=False)
    edges: tuple[()] = ()


def entry(output: Tensor) -> Any:
    """The tape entry of a result, or an `Untaped` if it was computed without a tape."""
    edge = history(output)
    return edge if edge is not None else Untaped(output._storage, output._storage.written, tick())


def behind(roots: Iterable[Any]) -> list[Any]:
    """The tape entries and everything they were computed from, earliest first."""
    waiting = list(roots)
    seen = set(waiting)
    while waiting:
        for edge in waiting.pop().edges:
            if edge is not None and edge not in seen:
                seen.add(edge)
                waiting.append(edge)
    return sorted(seen, key=lambda edge: edge.time)
