"""The bare tensor: storage, view and history. `_tensor.Tensor` adds the methods.

    value     the NumPy array (a variable while a program is traced)
    storage   the shared buffer, with the time of its last write
    view      the last step of the path from the storage's root to this view; None at the root
    base      the tensor this one is a differentiable view of, if any
    edge      the tape entry that produced it; a `Leaf` if the user wants its gradient
    stamp     the base's stamp when `edge` was made: older means the base was written since
    grad      the gradient accumulated by `backward()`, for leaves and with `retain_grad`

History belongs to the base tensor, not to the storage, because `.data` and `.detach()` are
tensors on the same storage that must not see it (and two of them may be separate leaves).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from .storage import NO_GROUP, ArrayType, Storage

if TYPE_CHECKING:
    from .nodes import Edge
    from .primitive import Primitive

_tuple = tuple.__new__
Step = tuple["Primitive", dict[str, Any]]


class ViewStep:
    """One step of a view, linked to its predecessor, so that views of views share steps."""

    __slots__ = ("before", "params", "primitive")

    before: ViewStep | None
    primitive: Primitive
    params: dict[str, Any]


def steps(view: ViewStep | None, since: ViewStep | None = None) -> tuple[Step, ...]:
    """The steps of a view in order, from the root of its storage or after the step `since`."""
    newest_first = []
    while view is not None and view is not since:
        newest_first.append((view.primitive, view.params))
        view = view.before
    return tuple(reversed(newest_first))


def extended(view: ViewStep | None, more: Iterable[Step]) -> ViewStep | None:
    """A view extended by further steps."""
    for primitive, params in more:
        before, view = view, bare_step()
        view.before, view.primitive, view.params = before, primitive, params
    return view


class Handle:
    """A tensor without methods. Fields that an instance does not set default as below."""

    _value: Any
    _shared: Storage | None = None
    _view: ViewStep | None = None
    _base: Handle | None = None
    _edge: Edge | None = None
    _stamp: int = 0
    _grad: Any = None
    _is_number = False  # whether it stands for a Python number, the lightest in dtype promotion

    if TYPE_CHECKING:
        # Methods of Tensor call each other across mixins that do not import one another.
        def __getattr__(self, name: str) -> Any: ...

    @property
    def _storage(self) -> Storage:
        # Created on first use: most results are never viewed, written or saved, and a storage
        # for each would be a quarter of the engine's overhead.
        return self._shared or new_storage(self)

    @_storage.setter
    def _storage(self, storage: Storage) -> None:
        self._shared = storage

    @property
    def _type(self) -> ArrayType:
        value = self._value
        return _tuple(ArrayType, (value.shape, value.dtype))  # ArrayType(...), in half the time


# These make objects with no fields set. They run for every result, and a `partial` of
# `object.__new__` costs half of calling the class, which would look up `__init__`.
bare: Callable[[], Any] = partial(object.__new__, Handle)
_bare_storage: Callable[[], Any] = partial(object.__new__, Storage)
bare_step: Callable[[], ViewStep] = partial(object.__new__, ViewStep)


def register(cls: type[Handle]) -> type[Handle]:
    """Make `cls` the class of every tensor the engine creates.

    The one registration by import: the engine is below `Tensor` in the layering, yet must create
    tensors of that class.
    """
    global bare
    bare = partial(object.__new__, cls)
    # CPython stores instance fields in a compact array if it sees all their names on the first few
    # instances. A name that first appears later costs each instance with it a dictionary.
    first = bare()
    for name in Handle.__annotations__:
        setattr(first, name, None)
    return cls


def new_storage(tensor: Handle) -> Storage:
    """Create the storage of a tensor that has none, and share it with the tape.

    Until then, an entry that saves its result (`out`) holds the bare value, or already a storage if
    a gradient rule was the first to need one.
    """
    value = tensor._value
    entry: Any = tensor._edge
    kept = getattr(entry, "out", None)
    if type(kept) is Storage and kept.value is value:
        tensor._shared = kept
        return kept
    shared: Storage = _bare_storage()
    shared.value = value
    shared.time = 0
    shared.group = NO_GROUP
    if kept is value:
        entry.out = shared
    tensor._shared = shared
    return shared


def wrap(value: Any) -> Any:
    """A new tensor on a storage of its own."""
    tensor = bare()
    tensor._value = value
    # The class has these defaults, but `bind` reads them from every input: faster on the instance.
    tensor._base = tensor._edge = tensor._shared = None
    return tensor


def alias(value: Any, storage: Storage, view: ViewStep | None = None) -> Any:
    """A new tensor without history on an existing storage."""
    tensor = bare()
    tensor._value = value
    tensor._shared = storage
    tensor._view = view
    tensor._base = tensor._edge = None
    return tensor


def written_since(tensor: Handle, time: int) -> bool:
    """Whether a tensor's memory was written after `time`."""
    shared = tensor._shared
    return shared is not None and shared.written > time


def same_memory(a: Handle, b: Handle) -> bool:
    """Whether two tensors are the same object or share a storage."""
    return a is b or (a._shared is not None and a._shared is b._shared)


def check_tensor(name: str, x: Any, role: str = "input") -> None:
    """Refuse an argument that is not a tensor, such as an array, a list or a number."""
    if not isinstance(x, Handle):
        advice = "from_numpy" if isinstance(x, np.ndarray) else "tensor"
        raise TypeError(
            f"{name}: expects a tensor as {role}, got {type(x).__name__}; make one with "
            f"gradatim.{advice}(...)"
        )


def check_optional(name: str, **given: Any) -> None:
    """Refuse arguments, given by name, that are neither a tensor nor None."""
    for role, x in given.items():
        if x is not None:
            check_tensor(name, x, role)
