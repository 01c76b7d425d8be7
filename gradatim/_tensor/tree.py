"""Nested values containing tensors, as named arrays and JSON that describes the structure.

Lists, strings, integers, true, false and null represent themselves in JSON. So does a dictionary of
strings and non-negative integers, unless a string looks like an integer. Everything else is an
object with a single key that names its kind: `{"array": "0.weight"}`, `{"tuple": [3, 4]}`,
`{"dict": [[key, value], ...]}`, `{"ordered": ...}`, `{"float": "nan"}`, `{"dtype": "float32"}`.
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..core import dtypes
from ..core.array_file import TEXTS, Arrays
from ..core.errors import ArgumentError, DTypeError, FileError
from ..core.handle import Handle
from ..core.tape import history
from .creation import tensor
from .device import device
from .dims import Size

_KINDS = ("array", "learned", "tuple", "dict", "ordered", "versions", "counter", "float", "size",
          "dtype", "device")  # fmt: skip


class Separator:
    """Converts trees to JSON, with their tensors in `arrays`, not copied.

    Tensors that are the same view of the same memory, such as tied weights, share one array.

    >>> import gradatim
    >>> separator = Separator()
    >>> separator.json({"state": {0: {"step": 3, "m": gradatim.ones(2)}}}, "optimizer")
    {'state': {'0': {'step': 3, 'm': {'array': 'optimizer.state.0.m'}}}}
    >>> separator.arrays
    {'optimizer.state.0.m': array([1., 1.], dtype=float32)}
    """

    def __init__(self) -> None:
        self.arrays: Arrays = {}
        self._names: dict[Any, str] = {}  # by memory, which `arrays` keeps alive
        self._within: set[int] = set()

    def json(self, tree: Any, name: str) -> Any:
        """The tree as JSON values; the names of its arrays begin with `name`.

        Errors: TypeError for an unsupported type, ArgumentError for a container inside itself.
        """
        if tree is None or isinstance(tree, bool) or type(tree) in (str, int):
            return tree
        if isinstance(tree, Handle):
            return self._array(tree, name)
        if isinstance(tree, float):
            return float(tree) if math.isfinite(tree) else {"float": repr(float(tree))}
        if type(tree) in (list, tuple, Size):
            with self._inside(tree, name):
                items = [self.json(x, _joined(name, i)) for i, x in enumerate(tree)]
            return items if type(tree) is list else {type(tree).__name__.lower(): items}
        if type(tree) in (dict, OrderedDict, Counter):
            with self._inside(tree, name):
                return self._dict(tree, name)
        if isinstance(tree, dtypes.dtype):
            return {"dtype": tree.name}
        if isinstance(tree, device):
            return {"device": str(tree)}
        raise TypeError(_refusal(tree, name))

    def _dict(self, tree: dict[Any, Any], name: str) -> Any:
        pairs = [
            [self.json(key, "a key"), self.json(value, _joined(name, key))]
            for key, value in tree.items()
        ]
        if type(tree) is OrderedDict:
            versions = getattr(tree, "_metadata", None)  # set by `state_dict`
            if versions is None:
                return {"ordered": pairs}
            return {"versions": [pairs, self.json(versions, _joined(name, "_metadata"))]}
        if type(tree) is Counter:
            return {"counter": pairs}
        plain = all((type(key) is int and key >= 0) or _is_word(key) for key in tree)
        if not plain or (len(pairs) == 1 and pairs[0][0] in _KINDS):
            return {"dict": pairs}
        return {str(key): value for key, value in pairs}

    def _array(self, tree: Any, name: str) -> dict[str, str]:
        value = np.asarray(tree.detach())
        memory = (value.ctypes.data, value.dtype, value.shape, value.strides)
        if not value.size or memory not in self._names:
            self._names[memory] = name = self._free(name)
            self.arrays[name] = value
        return {"array" if history(tree) is None else "learned": self._names[memory]}

    def _free(self, name: str) -> str:
        """The name, with a number appended if it is taken."""
        wanted = (name or "tensor").encode("utf-8", "replace").decode("utf-8")
        again = 1
        name = wanted
        while name in self.arrays or name == TEXTS:
            again += 1
            name = f"{wanted} ({again})"
        return name

    @contextmanager
    def _inside(self, tree: Any, name: str) -> Iterator[None]:
        if id(tree) in self._within:
            raise ArgumentError(f"{_place(name)} contains itself, so it cannot be saved")
        self._within.add(id(tree))
        yield
        self._within.remove(id(tree))


class Joiner:
    """Restores trees from JSON; each array becomes one tensor with memory of its own."""

    def __init__(self, arrays: Arrays) -> None:
        self._arrays = arrays
        self._made: dict[str, Any] = {}

    def tree(self, json: Any) -> Any:
        """The tree from which a `Separator` made this JSON. Errors: FileError if malformed."""
        if isinstance(json, list):
            return [self.tree(x) for x in json]
        if not isinstance(json, dict):
            return json
        if len(json) == 1 and next(iter(json)) in _KINDS:
            ((kind, content),) = json.items()
            try:
                return self._of_kind(kind, content)
            except (TypeError, ValueError, AttributeError, DTypeError):
                raise FileError(f"malformed {kind!r}: {str(content)[:60]}") from None
        return {_key(key): self.tree(value) for key, value in json.items()}

    def _of_kind(self, kind: str, content: Any) -> Any:
        if kind in ("array", "learned"):
            return self._tensor(content).requires_grad_(kind == "learned")
        if kind in ("tuple", "size"):
            return (tuple if kind == "tuple" else Size)(map(self.tree, content))
        if kind == "dict":
            return {self.tree(key): self.tree(value) for key, value in content}
        if kind in ("ordered", "counter"):
            pairs = [(self.tree(key), self.tree(value)) for key, value in content]
            return OrderedDict(pairs) if kind == "ordered" else Counter(dict(pairs))
        if kind == "versions":
            pairs, versions = content
            state: Any = self._of_kind("ordered", pairs)
            state._metadata = self.tree(versions)
            return state
        if kind == "dtype":
            return dtypes.of(content)
        return float(content) if kind == "float" else device(content)

    def _tensor(self, name: str) -> Any:
        if name not in self._arrays:
            raise FileError(f"there is no array {name!r}")
        if name not in self._made:
            self._made[name] = tensor(self._arrays[name])
        return self._made[name].detach()


def _joined(name: str, key: Any) -> str:
    return f"{name}.{key}" if name else str(key)


def _place(name: str) -> str:
    return f"the value at {name!r}" if name else "it"


def _is_word(key: Any) -> bool:
    """Whether a key is a string that does not look like an integer."""
    return type(key) is str and not (key.isascii() and key.isdecimal())


def _key(key: str) -> int | str:
    return key if _is_word(key) else int(key)


def _refusal(tree: Any, name: str) -> str:
    kind = type(tree).__name__
    if hasattr(tree, "state_dict"):
        what = f"a {kind} is code and data; save its .state_dict() instead"
    elif isinstance(tree, np.ndarray):
        what = "it is a NumPy array; save gradatim.from_numpy(x) instead"
    elif isinstance(tree, np.generic):
        what = f"it is a NumPy {kind}; save x.item() instead"
    elif isinstance(tree, type) or callable(tree):
        what = f"a {kind} is code, not data; leave it out and create it again in Python"
    else:
        what = (
            f"a {kind} is not a tensor, number, string, bool, None, list, tuple or dict; convert it"
            " to one of these"
        )
    return f"cannot save {_place(name)}: {what}"
