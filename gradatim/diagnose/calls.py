"""Assign the tape's entries to modules, by the innermost call during which they were made.

Every entry of the tape has a time. A module's call is a stretch of that time, so the entries in it
are the module's, and those in no call of a part of it are its own: a `tanh` in its `forward`.
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

# Functions of each number that networks bend their signals with, by the names of operations.
ACTIVATIONS = frozenset(
    (
        *("tanh", "sigmoid", "log_sigmoid", "hardtanh", "hardsigmoid", "softsign", "tanhshrink"),
        *("relu", "relu6", "leaky_relu", "prelu", "threshold", "softshrink", "hardshrink"),
        *("elu", "selu", "celu", "gelu", "gelu_tanh", "silu", "mish", "hardswish", "softplus"),
    )
)


@dataclass
class Call:
    """One call of a module: its name, its class and when it was.

    What came out of it, as a place on the tape and as numbers, is noted for those without parts.
    """

    path: str
    kind: str
    is_leaf: bool
    begin: int
    end: int = 0
    edge: Any = None
    values: Any = None


class Calls(list[Call]):
    """The calls of one run, in the order in which they began."""

    def around(self, time: int) -> Call | None:
        """The innermost call at a time of the tape."""
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
            # At once, and as a copy: the next layer may write over it.
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
    """Whether a result is floating, and no view of what came in."""
    return output.is_floating_point() and output._base is None


@dataclass(frozen=True)
class Untaped:
    """In place of a tape entry where there is none: which memory was written when."""

    storage: Any
    written: int
    time: int = field(compare=False)
    edges: tuple[()] = ()


def entry(output: Tensor) -> Any:
    """What stands for a result: its tape entry, or itself if it was made without a tape."""
    edge = history(output)
    return edge if edge is not None else Untaped(output._storage, output._storage.written, tick())


def behind(roots: Iterable[Any]) -> list[Any]:
    """Tape entries and all that they were computed from, earliest first."""
    waiting = list(roots)
    seen = set(waiting)
    while waiting:
        for edge in waiting.pop().edges:
            if edge is not None and edge not in seen:
                seen.add(edge)
                waiting.append(edge)
    return sorted(seen, key=lambda edge: edge.time)
