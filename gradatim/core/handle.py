"""The bare tensor: storage, view and history. `_tensor.Tensor` gives it a face.

    storage   the shared buffer, with the time of its last write
    view      how the numbers are read from the storage's root: steps of (primitive, params)
    base      the tensor this one is a differentiable view of, if any
    edge      the tape node that produced it; a `Leaf` if the user wants its gradient
    stamp     the base's stamp when `edge` was made: older means the base was written since

History belongs to the base tensor, not to the storage, because `.data` and `.detach()` are
tensors on the same storage that must not see it (and two of them may be separate leaves).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .storage import ArrayType, Storage

if TYPE_CHECKING:
    from .nodes import Edge
    from .primitive import Primitive

Step = tuple["Primitive", dict[str, Any]]


class Handle:
    """A tensor without methods. Fields not set on an instance have the defaults below."""

    _value: Any
    _storage: Storage
    _view: tuple[Step, ...] = ()
    _base: Handle | None = None
    _edge: Edge | None = None
    _stamp: int = 0

    @property
    def _type(self) -> ArrayType:
        return ArrayType(self._value.shape, self._value.dtype)


_class: type[Handle] = Handle


def register(cls: type[Handle]) -> type[Handle]:
    """Make `cls` the class of every tensor the engine creates.

    The one registration by import: the engine lies below the tensor's face and must still
    hand out tensors that have it.
    """
    global _class
    _class = cls
    return cls


def wrap(value: Any) -> Any:
    """A new tensor on a storage of its own."""
    tensor = _class.__new__(_class)
    tensor._value = value
    tensor._storage = Storage(value)
    return tensor


def alias(value: Any, storage: Storage, view: tuple[Step, ...] = ()) -> Any:
    """A new tensor, without history, that reads an existing storage."""
    tensor = _class.__new__(_class)
    tensor._value = value
    tensor._storage = storage
    tensor._view = view
    return tensor


def is_array(value: Any) -> bool:
    """Whether a value has numbers (a variable of a trace has only a type)."""
    return isinstance(value, np.ndarray)
