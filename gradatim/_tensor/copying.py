"""Copying and pickling tensors: memory shared among tensors is shared among their copies."""

from __future__ import annotations

import copy
from typing import Any

from ..core.errors import AutogradError
from ..core.gradient import grad_of
from ..core.handle import Handle, Step, extended, steps
from ..core.nodes import Leaf
from ..core.numbers import numbers_of
from ..core.storage import Storage
from ..core.tape import history

_ENGINE = frozenset(["_base", "_edge", "_grad", "_shared", "_stamp", "_value", "_view"])


class Copied(Handle):
    """`copy.copy`, `copy.deepcopy` and `pickle`.

    A shallow copy is another tensor on the same memory. Copies have no history: they are leaves
    that require grad if the original did. A deep copy includes `.grad`.
    """

    def __copy__(self) -> Any:
        wants_grad = history(self) is not None
        return _made(type(self), self._value, self._storage, self._view, wants_grad, _own(self))

    def __reduce__(self) -> tuple[Any, ...]:
        numbers_of(self)
        wants_grad = history(self) is not None
        return _rebuilt, (type(self), self._storage, steps(self._view), wants_grad, _own(self))

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return self.__reduce__()

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        numbers_of(self)
        edge = history(self)
        if edge is not None and type(edge) is not Leaf:
            raise AutogradError(
                "deepcopy: only tensors that you created (leaves of the graph) can be copied "
                f"deeply, this one is the result of {edge.name}; use x.detach().clone()"
            )
        storage = copy.deepcopy(self._storage, memo)
        own = copy.deepcopy(_own(self), memo)
        new = _rebuilt(type(self), storage, steps(self._view), edge is not None, own)
        grad = grad_of(self)
        if grad is not None:
            new._grad = copy.deepcopy(grad, memo)
        return new


def _own(x: Any) -> dict[str, Any]:
    """Attributes that the user or a subclass has set on the tensor."""
    return {name: value for name, value in x.__dict__.items() if name not in _ENGINE}


def _rebuilt(
    kind: type[Copied],
    storage: Storage,
    path: tuple[Step, ...],
    requires_grad: bool,
    own: dict[str, Any],
) -> Any:
    value = storage.value
    for primitive, params in path:
        value = primitive.value(value, **params)
    return _made(kind, value, storage, extended(None, path), requires_grad, own)


def _made(
    kind: type[Copied],
    value: Any,
    storage: Storage,
    view: Any,
    requires_grad: bool,
    own: dict[str, Any],
) -> Any:
    new: Any = kind.__new__(kind)
    new._value, new._storage, new._view = value, storage, view
    new.__dict__.update(own)
    return new.requires_grad_() if requires_grad else new
