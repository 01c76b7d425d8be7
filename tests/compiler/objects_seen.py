"""Objects described by plain values: equal if they look the same to their user."""

from __future__ import annotations

from collections import deque
from types import FunctionType, MemberDescriptorType
from typing import Any

import numpy as np

import gradatim as g


class Seen:
    """Plain values that describe objects and tensors, and which of them are the same."""

    def __init__(self) -> None:
        self.numbers: dict[int, int] = {}
        self.kept: list[Any] = []

    def of(self, x: Any) -> Any:
        """A value's description; something that was met before is its number."""
        if x is None or isinstance(x, bool | int | float | str):
            return type(x), x
        if id(x) in self.numbers:
            return self.numbers[id(x)]
        self._number(x)
        if isinstance(x, g.Tensor):
            memory = self._number(x._storage)
            grad = self.of(x.grad) if x.is_leaf and x.requires_grad else None
            return memory, x.dtype, x.requires_grad, grad, x.detach().numpy().copy()
        if isinstance(x, dict):
            return [(key, self.of(value)) for key, value in x.items()]
        if isinstance(x, list | tuple | deque):
            return type(x), [self.of(value) for value in x]
        if isinstance(x, type | FunctionType):
            return x.__name__
        slots = [n for n, m in vars(type(x)).items() if type(m) is MemberDescriptorType]
        names = [*getattr(x, "__dict__", ()), *(name for name in slots if hasattr(x, name))]
        return [(name, self.of(getattr(x, name))) for name in names if name[:2] != "__"]

    def _number(self, x: Any) -> int:
        self.kept.append(x)
        return self.numbers.setdefault(id(x), len(self.numbers))


def check(ours: Any, eager: Any) -> None:
    """Compare two descriptions, numbers with a tolerance."""
    if isinstance(eager, list | tuple):
        assert type(ours) is type(eager)
        assert len(ours) == len(eager), (ours, eager)
        for a, b in zip(ours, eager, strict=True):
            check(a, b)
    elif isinstance(eager, np.ndarray | float):
        assert np.shape(ours) == np.shape(eager)
        assert np.allclose(ours, eager, rtol=1e-3, atol=1e-3), (ours, eager)
    else:
        assert ours == eager
