"""A tensor that a module owns and an optimiser updates."""

from __future__ import annotations

import copy
from typing import Any

from .._tensor.creation import tensor
from .._tensor.tensor import Tensor
from ..core.errors import ArgumentError
from ..core.handle import Handle


class Parameter(Tensor):
    """A leaf tensor that shares the memory of `data`; assigned to a module, it is registered.

    >>> import gradatim
    >>> from gradatim import nn
    >>> nn.Parameter(gradatim.zeros(2))
    Parameter containing:
    tensor([0., 0.], requires_grad=True)
    """

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Parameter:
        """A tensor without a value: `__init__` takes over that of `data`."""
        return object.__new__(cls)

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        source: Any = tensor([]) if data is None else data
        if not isinstance(source, Handle):
            raise ArgumentError(
                f"Parameter: expects a tensor, got {type(data).__name__}; use gradatim.tensor(...)"
            )
        self._value, self._storage, self._view = source._value, source._storage, source._view
        if requires_grad:
            self.requires_grad_()

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        if id(self) not in memo:
            twin = Parameter(self.detach().clone(), self.requires_grad)
            twin.grad = copy.deepcopy(self.grad, memo)
            memo[id(self)] = twin
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return Parameter, (self.detach(), self.requires_grad)
