"""Parameters, buffers and child modules, all set as attributes of a module."""

from __future__ import annotations

from typing import Any

from ..._tensor.tensor import Tensor
from ..parameter import Parameter

_TABLES = ("_parameters", "_buffers", "_modules")


class Members:
    """Attributes that are tensors or modules, each kind kept in its own ordered table."""

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Any]
    _non_persistent_buffers_set: set[str]

    def __init__(self) -> None:
        put = super().__setattr__
        put("training", True)
        for table in _TABLES:
            put(table, {})
        put("_non_persistent_buffers_set", set())

    # -- registration ----------------------------------------------------------------------

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Register a parameter under a name; None reserves the name.

        Errors: KeyError for a name that is taken or contains a dot, TypeError for anything but a
        Parameter, ValueError for a tensor that is not a leaf.
        """
        self._check_name("parameter", name, "_parameters")
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{_typename(param)}' object to parameter '{name}' "
                "(gradatim.nn.Parameter or None required)"
            )
        if param is not None and param.grad_fn is not None:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be "
                f"created explicitly. To express '{name}' as a function of another Tensor, "
                "compute the value in the forward() method."
            )
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Register a tensor that is state but not trained; it is saved if `persistent`.

        Errors: KeyError for a name that is taken or contains a dot, TypeError for non-tensors.
        """
        self._check_name("buffer", name, "_buffers")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{_typename(tensor)}' object to buffer '{name}' "
                "(gradatim.Tensor or None required)"
            )
        self._buffers[name] = tensor
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Members | None) -> None:
        """Register a child module under a name.

        Errors: TypeError for anything but a module, KeyError for a name that is taken or
        contains a dot.
        """
        if module is not None and not isinstance(module, Members):
            raise TypeError(f"{_typename(module)} is not a Module subclass")
        self._check_name("module", name, "_modules")
        self._modules[name] = module

    register_module = add_module

    def _check_name(self, kind: str, name: str, table: str) -> None:
        if table not in self.__dict__:
            raise AttributeError(
                f"cannot assign {kind} before Module.__init__() call: begin __init__ with"
                " super().__init__()"
            )
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {_typename(name)}")
        if "." in name:
            raise KeyError(f'{kind} name can\'t contain ".", got: {name}')
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if hasattr(self, name) and name not in self.__dict__[table]:
            raise KeyError(f"attribute '{name}' already exists")

    # -- attributes ------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        tables = self.__dict__
        if isinstance(value, Parameter):
            self._move(name, "parameters", "_parameters")
            self.register_parameter(name, value)
        elif name in tables.get("_parameters", ()):
            if value is not None:
                raise _cannot_assign(value, "parameter", name, "gradatim.nn.Parameter")
            self._parameters[name] = None
        elif isinstance(value, Members):
            self._move(name, "module", "_modules")
            self._modules[name] = value
        elif name in tables.get("_modules", ()):
            if value is not None:
                raise _cannot_assign(value, "child module", name, "gradatim.nn.Module")
            self._modules[name] = None
        elif name in tables.get("_buffers", ()):
            if value is not None and not isinstance(value, Tensor):
                raise _cannot_assign(value, "buffer", name, "gradatim.Tensor")
            self._buffers[name] = value
        else:
            super().__setattr__(name, value)

    def _move(self, name: str, kind: str, table: str) -> None:
        """Remove the name from every other table."""
        if table not in self.__dict__:
            raise AttributeError(
                f"cannot assign {kind} before Module.__init__() call: begin __init__ with"
                " super().__init__()"
            )
        self.__dict__.pop(name, None)
        for other in _TABLES:
            if other != table:
                self.__dict__[other].pop(name, None)
        self._non_persistent_buffers_set.discard(name)

    def __getattr__(self, name: str) -> Any:
        # Called only when ordinary attribute lookup fails.
        own = self.__dict__
        if "_parameters" in own:
            if name in (table := own["_parameters"]):
                return table[name]
            if name in (table := own["_modules"]):
                return table[name]
            if name in (table := own["_buffers"]):
                return table[name]
            program = own.get("_compiled")
            if program is not None and name in program.methods:
                return getattr(program.of(self), name)
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __delattr__(self, name: str) -> None:
        for table in _TABLES:
            if name in self.__dict__.get(table, ()):
                del self.__dict__[table][name]
                self._non_persistent_buffers_set.discard(name)
                return
        super().__delattr__(name)

    def __dir__(self) -> list[str]:
        names = {*super().__dir__(), *self._parameters, *self._buffers, *self._modules}
        return sorted(name for name in names if name.isidentifier())


def _typename(value: Any) -> str:
    """The type as error messages show it: for tensors, the result of `x.type()`."""
    if isinstance(value, Tensor):
        return str(value.type())
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def _cannot_assign(value: Any, kind: str, name: str, expected: str) -> TypeError:
    return TypeError(
        f"cannot assign '{_typename(value)}' as {kind} '{name}' ({expected} or None expected)"
    )
