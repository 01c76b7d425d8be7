"""Parameters that are computed from others: `layer.weight` becomes a function of new parameters.

The layer gets a child `parametrizations`, with one list of modules for each such name. The class of
the layer becomes one derived from its own, in which the name is a property.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..._tensor.tensor import Tensor
from ...autograd import no_grad
from ...core.errors import ArgumentError
from ..containers import ModuleDict, ModuleList
from ..module import Module
from ..parameter import Parameter

_MEMBER = "parametrizations"
_caches: list[dict[tuple[int, str], Any]] = []  # one for each `cached` block that is open


@contextmanager
def cached() -> Iterator[None]:
    """Within the block each parametrized tensor is computed once, and then used again."""
    _caches.append({})
    try:
        yield
    finally:
        _caches.pop()


class ParametrizationList(ModuleList):
    """The modules that compute one tensor, in order, and the parameters that it is computed from.

    These are `original`, or `original0`, `original1`, ... if the first module's `right_inverse`
    returns several.
    """

    def __init__(self, modules: list[Module], original: Tensor, unsafe: bool = False) -> None:
        if not modules:
            raise ArgumentError("ParametrizationList: expects at least one module")
        super().__init__(modules)
        self.unsafe = unsafe
        new: Any = original
        with no_grad():
            for module in reversed(modules):
                if hasattr(module, "right_inverse"):
                    new = module.right_inverse(new)
                elif isinstance(new, (tuple, list)):
                    raise ArgumentError(
                        f"register_parametrization: {type(module).__name__} has no right_inverse, "
                        "but follows a module whose right_inverse returns several tensors"
                    )
        self.is_tensor = isinstance(new, Tensor)
        self.ntensors = 1 if self.is_tensor else len(new)
        is_parameter = isinstance(original, Parameter)
        for name, x in zip(self._names(), [new] if self.is_tensor else new, strict=True):
            if is_parameter:
                same = x is original
                kept = x if same else Parameter(x.detach().clone(), original.requires_grad)
                self.register_parameter(name, kept)
            else:
                self.register_buffer(name, x)

    def _names(self) -> list[str]:
        return ["original"] if self.is_tensor else [f"original{i}" for i in range(self.ntensors)]

    def right_inverse(self, value: Tensor) -> None:
        """Change the parameters so that the computed tensor becomes `value`."""
        with no_grad():
            new: Any = value
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise ArgumentError(
                        f"{type(module).__name__} has no right_inverse, so a value cannot be "
                        "assigned to what it computes"
                    )
                new = module.right_inverse(new)
            for name, x in zip(self._names(), [new] if self.is_tensor else new, strict=True):
                getattr(self, name).copy_(x)

    def forward(self) -> Any:
        """The computed tensor."""
        first, *others = self
        x = first(*[getattr(self, name) for name in self._names()])
        for module in others:
            x = module(x)
        return x


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Let `module.tensor_name` be computed by `parametrization`, of the tensor that it was.

    The tensor becomes `module.parametrizations.<name>.original`, changed by the method
    `right_inverse` if there is one, which also makes assignments to the name work. A name may have
    several: each computes with the result of the one before. The shape and dtype may change only
    if `unsafe`.

    Errors: ArgumentError for a name that is no parameter or buffer, or another shape or dtype.

    >>> import gradatim
    >>> from gradatim import nn
    >>> class Symmetric(nn.Module):
    ...     def forward(self, x):
    ...         return x.triu() + x.triu(1).mT
    >>> layer = register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
    >>> gradatim.equal(layer.weight, layer.weight.mT)
    True
    >>> [name for name, _ in layer.named_parameters()]
    ['bias', 'parametrizations.weight.original']
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        computed: Any = module.parametrizations[tensor_name]
        before = getattr(module, tensor_name)
        _check(before, parametrization(before), parametrization, unsafe or computed.unsafe)
        if hasattr(parametrization, "right_inverse"):
            with no_grad():
                computed.right_inverse(parametrization.right_inverse(before))
        computed.append(parametrization)
        return module
    original: Any = module._parameters.get(tensor_name)
    if original is None:
        original = module._buffers.get(tensor_name)
    if original is None:
        raise ArgumentError(
            f"{type(module).__name__} has no parameter, buffer or parametrized tensor "
            f"{tensor_name!r}"
        )
    made = ParametrizationList([parametrization], original, unsafe)
    with no_grad():
        _check(original, made(), parametrization, unsafe)
    delattr(module, tensor_name)
    if not is_parametrized(module):
        _derive(module)
        module.add_module(_MEMBER, ModuleDict())
    _add_property(type(module), tensor_name)
    module.parametrizations[tensor_name] = made
    return module


def _check(before: Any, after: Any, parametrization: Module, unsafe: bool) -> None:
    if not isinstance(after, Tensor):
        raise ArgumentError(
            f"{type(parametrization).__name__} must return a tensor, got {type(after).__name__}"
        )
    if not unsafe and (before.shape != after.shape or before.dtype != after.dtype):
        raise ArgumentError(
            f"{type(parametrization).__name__} makes {list(after.shape)}, {after.dtype} of "
            f"{list(before.shape)}, {before.dtype}; pass unsafe=True if that is meant"
        )


def _derive(module: Module) -> None:
    """Give a module a class of its own, in which names can be properties."""
    kind = type(module)
    module.__class__ = type(f"Parametrized{kind.__name__}", (kind,), {
        "__module__": kind.__module__,
        "__deepcopy__": _deepcopy,
        "__reduce_ex__": _refuse_pickling,
    })  # fmt: skip


def _deepcopy(self: Any, memo: dict[int, Any]) -> Any:
    new = object.__new__(type(self))
    memo[id(self)] = new
    new.__dict__.update(copy.deepcopy(self.__dict__, memo))
    kind = type(self)
    new.__class__ = type(kind.__name__, kind.__bases__, dict(vars(kind)))
    return new


def _refuse_pickling(self: Any, protocol: Any) -> Any:
    raise ArgumentError(
        "a module with parametrizations cannot be pickled, its class is made at run time; save "
        "its state_dict() instead"
    )


def _add_property(kind: type, name: str) -> None:
    def read(self: Any) -> Any:
        if not _caches:
            return self.parametrizations[name]()
        key = (id(self), name)
        if key not in _caches[0]:
            _caches[0][key] = self.parametrizations[name]()
        return _caches[0][key]

    def write(self: Any, value: Any) -> None:
        self.parametrizations[name].right_inverse(value)

    setattr(kind, name, property(read, write))


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a module has parametrizations, or one for this name."""
    held = module.__dict__.get("_modules", {}).get(_MEMBER)
    if not isinstance(held, ModuleDict):
        return False
    return len(held) > 0 if tensor_name is None else tensor_name in held


def remove_parametrizations(
    module: Module, tensor_name: str, leave_parametrized: bool = True
) -> Module:
    """Make `module.tensor_name` an ordinary parameter again.

    It has the computed value, or with `leave_parametrized=False` that of `original`.

    Errors: ArgumentError for a name without parametrization, or one of several originals.
    """
    if not is_parametrized(module, tensor_name):
        raise ArgumentError(f"{type(module).__name__} has no parametrization of {tensor_name!r}")
    held: Any = module.parametrizations
    computed = held[tensor_name]
    if not leave_parametrized and not computed.is_tensor:
        raise ArgumentError(
            "leave_parametrized=False: there are several originals, none of which is the tensor"
        )
    first = computed._names()[0]
    is_parameter = first in computed._parameters
    with no_grad():
        value = computed() if leave_parametrized else computed.original
    requires_grad = any(p.requires_grad for p in computed._parameters.values())
    delattr(type(module), tensor_name)
    del held[tensor_name]
    if is_parameter:
        kept = computed._parameters[first]
        if computed.is_tensor and kept.shape == value.shape and kept.dtype == value.dtype:
            kept.data.copy_(value.detach().clone())  # the optimiser that has it goes on with it
        else:
            kept = Parameter(value.detach().clone(), requires_grad)
        module.register_parameter(tensor_name, kept)
    else:
        module.register_buffer(tensor_name, value)
    if not len(held):
        delattr(module, _MEMBER)
        module.__class__ = type(module).__bases__[0]
    return module
