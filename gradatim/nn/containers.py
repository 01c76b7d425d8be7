"""Modules that hold modules: in sequence, in a list, or by name."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self, overload

from .._tensor.tensor import Tensor
from .module import Module
from .module.printing import describe_list
from .parameter import Parameter


def _place(index: int, count: int) -> int:
    """The index as a non-negative number. Errors: IndexError."""
    i = operator.index(index)
    if not -count <= i < count:
        raise IndexError(f"index {index} is out of range for {count} modules")
    return i % count


class _Listed(Module):
    """The base of Sequential and ModuleList: children named by their position."""

    def _renumber(self, children: Iterable[Module]) -> None:
        self._modules = {str(i): child for i, child in enumerate(children)}

    @overload
    def __getitem__(self, index: slice) -> Self: ...

    @overload
    def __getitem__(self, index: int) -> Module: ...

    def __getitem__(self, index: int | slice) -> Any:
        children = list(self._modules.items())
        if isinstance(index, slice):
            return self._of(children[index])
        return children[_place(index, len(children))][1]

    def _of(self, children: list[tuple[str, Module]]) -> Self:
        """A container of the same class with these children."""
        part = type(self)()
        part._renumber(child for _, child in children)
        return part

    def __setitem__(self, index: int, module: Module) -> None:
        names = list(self._modules)
        setattr(self, names[_place(index, len(names))], module)

    def __delitem__(self, index: int | slice) -> None:
        children = list(self._modules.values())
        if isinstance(index, slice):
            del children[index]
        else:
            del children[_place(index, len(children))]
        self._renumber(children)

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def append(self, module: Module) -> Self:
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add several modules at the end."""
        for module in modules:
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Self:
        """Insert a module before the one at this index."""
        if not isinstance(module, Module):
            raise TypeError(f"{type(module).__name__} is not a Module subclass")
        children = list(self._modules.values())
        children.insert(index, module)
        self._renumber(children)
        return self

    def pop(self, index: int) -> Module:
        """Remove a module and return it."""
        module = self[index]
        del self[index]
        return module

    def __iadd__(self, modules: Iterable[Module]) -> Self:
        return self.extend(modules)

    def __add__(self, other: Iterable[Module]) -> Self:
        both = type(self)()
        return both.extend(self).extend(other)


class Sequential(_Listed):
    """Modules called in order, each with the result of the one before.

    Pass them as arguments, or as one dictionary that names them.

    >>> import gradatim
    >>> from gradatim import nn
    >>> model = Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    >>> model(gradatim.zeros(5, 3)).shape
    gradatim.Size([5, 1])
    >>> model[:2]
    Sequential(
      (0): Linear(in_features=3, out_features=4, bias=True)
      (1): Tanh()
    )
    """

    def __init__(self, *modules: Module | Mapping[str, Module]) -> None:
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            for name, module in modules[0].items():
                self.add_module(name, module)
        else:
            self.extend(modules)  # type: ignore[arg-type]

    def forward(self, input: Any) -> Any:
        """Call all modules in order."""
        __tracebackhide__ = True
        for module in self._modules.values():
            input = module(input)
        return input

    def _of(self, children: list[tuple[str, Module]]) -> Self:
        return type(self)(dict(children))


class ModuleList(_Listed):
    """A list whose modules are registered; it has no `forward` of its own."""

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        self.extend(modules or ())

    def __repr__(self) -> str:
        return describe_list(type(self).__name__, self)


class ModuleDict(Module):
    """A dictionary whose modules are registered; it has no `forward` of its own."""

    def __init__(
        self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None
    ) -> None:
        super().__init__()
        self.update(modules or {})

    def __getitem__(self, key: str) -> Module:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: str) -> bool:
        return key in self._modules

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._modules.keys()

    def values(self) -> Iterable[Module]:
        """The modules."""
        return self._modules.values()

    def items(self) -> Iterable[tuple[str, Module]]:
        """Names and modules."""
        return self._modules.items()

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Add modules, or replace those of the same names."""
        for key, module in dict(modules).items():
            self[key] = module

    def pop(self, key: str) -> Module:
        """Remove a module and return it."""
        return self._modules.pop(key)

    def clear(self) -> None:
        """Remove all modules."""
        self._modules.clear()


class ParameterList(Module):
    """A list whose tensors are registered as parameters.

    >>> import gradatim
    >>> ParameterList([gradatim.zeros(2, 3)])
    ParameterList(  (0): Parameter containing: [gradatim.float32 of size 2x3])
    """

    def __init__(self, values: Iterable[Tensor] | None = None) -> None:
        super().__init__()
        self.extend(values or ())

    def __getitem__(self, index: int | slice) -> Any:
        parameters = list(self._parameters.values())
        if isinstance(index, slice):
            return type(self)(parameters[index])  # type: ignore[arg-type]
        return parameters[_place(index, len(parameters))]

    def __setitem__(self, index: int, value: Tensor) -> None:
        setattr(self, str(_place(index, len(self))), _as_parameter(value))

    def __len__(self) -> int:
        return len(self._parameters)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._parameters.values())

    def append(self, value: Tensor) -> Self:
        """Add a tensor at the end."""
        self.register_parameter(str(len(self)), _as_parameter(value))
        return self

    def extend(self, values: Iterable[Tensor]) -> Self:
        """Add several tensors at the end."""
        if isinstance(values, Tensor):
            raise TypeError(
                "ParameterList.extend should be called with an iterable, but got Tensor"
            )
        for value in values:
            self.append(value)
        return self

    def __iadd__(self, values: Iterable[Tensor]) -> Self:
        return self.extend(values)

    def extra_repr(self) -> str:
        """The dtype and size of each."""
        return "\n".join(_described(i, p) for i, p in enumerate(self))


class ParameterDict(Module):
    """A dictionary whose tensors are registered as parameters.

    >>> import gradatim
    >>> scales = ParameterDict({"inner": gradatim.ones(2), "outer": gradatim.ones(3)})
    >>> scales["inner"].requires_grad, [*scales.state_dict()]
    (True, ['inner', 'outer'])
    """

    def __init__(self, parameters: _Parameters | None = None) -> None:
        super().__init__()
        self.update(parameters or {})

    def __getitem__(self, key: str) -> Any:
        return self._parameters[key]

    def __setitem__(self, key: str, parameter: Tensor) -> None:
        value = _as_parameter(parameter)
        if key in self._parameters:
            self._parameters[key] = value
        else:
            self.register_parameter(key, value)

    def __delitem__(self, key: str) -> None:
        del self._parameters[key]

    def __len__(self) -> int:
        return len(self._parameters)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __contains__(self, key: str) -> bool:
        return key in self._parameters

    def __or__(self, other: _Parameters) -> Self:
        new = self.copy()
        new.update(other)
        return new

    def __ior__(self, other: _Parameters) -> Self:
        self.update(other)
        return self

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._parameters.keys()

    def values(self) -> Iterable[Any]:
        """The parameters."""
        return self._parameters.values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Names and parameters."""
        return self._parameters.items()

    def get(self, key: str, default: Any = None) -> Any:
        """The parameter of a name, or `default`."""
        return self._parameters.get(key, default)

    def setdefault(self, key: str, default: Tensor) -> Any:
        """The parameter of a name, which is set to `default` if there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, parameters: _Parameters) -> None:
        """Add parameters, or replace those of the same names."""
        items = parameters.items() if hasattr(parameters, "items") else parameters
        for key, value in dict(items).items():
            self[key] = value

    def pop(self, key: str) -> Any:
        """Remove a parameter and return it."""
        return self._parameters.pop(key)

    def popitem(self) -> tuple[str, Any]:
        """Remove the last parameter and return its name and it."""
        return self._parameters.popitem()

    def copy(self) -> Self:
        """Another dictionary with the same parameters."""
        return type(self)(self)

    def clear(self) -> None:
        """Remove all parameters."""
        self._parameters.clear()

    def extra_repr(self) -> str:
        """The dtype and size of each."""
        return "\n".join(_described(name, p) for name, p in self.items())


_Parameters = Mapping[str, Tensor] | Iterable[tuple[str, Tensor]] | ParameterDict


def _described(name: Any, p: Any) -> str:
    size = "x".join(map(str, p.shape))
    return f"  ({name}): Parameter containing: [{p.dtype} of size {size}]"


def _as_parameter(value: Tensor) -> Parameter:
    return value if isinstance(value, Parameter) else Parameter(value)
