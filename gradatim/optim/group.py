"""A group of parameters and the settings they share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any

from .._tensor.creation import tensor
from .._tensor.tensor import Tensor
from ..autograd import no_grad
from ..core.changes import ObservedDict
from ..core.dtypes import float64
from ..core.handle import Handle


class ParamGroup(MutableMapping[str, Any]):
    """A dictionary like PyTorch's whose numeric settings live in tensors.

    The settings named in `numbers` (floats, or tuples of floats) are kept as 0-d float64 tensors,
    so that a compiled step reads their current values: `group["lr"] = x` writes into the tensor,
    and reading gives a float. All other settings are ordinary values. `on_number_set`, if given, is
    called after a single number was set.

    >>> group = ParamGroup({"params": [], "lr": 0.1, "foreach": None}, numbers=("lr",))
    >>> group["lr"] *= 0.5
    >>> group["lr"], group.tensor("lr")
    (0.05, tensor(0.0500, dtype=gradatim.float64))
    """

    def __init__(self, settings: dict[str, Any], numbers: tuple[str, ...]) -> None:
        self._values: dict[str, Any] = ObservedDict()
        self._numbers: dict[str, tuple[Tensor, ...]] = ObservedDict()
        self._names = numbers
        self.on_number_set: Callable[[ParamGroup, str, float], None] | None = None
        self.update(settings)

    def tensor(self, name: str) -> Any:
        """The tensor of a number, for use in computations."""
        return self._numbers[name][0]

    def tensors(self, name: str) -> tuple[Any, ...]:
        """The tensors of a tuple of numbers."""
        return self._numbers[name]

    def __getitem__(self, name: str) -> Any:
        if name not in self._numbers:
            return self._values[name]
        return self._values[name](x.item() for x in self._numbers[name])

    def __setitem__(self, name: str, value: Any) -> None:
        if name not in self._names:
            self._values[name] = value
            return
        several = isinstance(value, tuple | list)
        # For a number, `_values` keeps its position among the keys and the function that reads it.
        self._values[name] = tuple if several else _one_int if type(value) is int else _one
        numbers = [_number(x) for x in (value if several else (value,))]
        self._write(name, numbers)
        if self.on_number_set is not None and not several:
            self.on_number_set(self, name, *numbers)

    def _write(self, name: str, values: list[float]) -> None:
        if len(self._numbers.get(name, ())) != len(values):
            self._numbers[name] = tuple(tensor(x, dtype=float64) for x in values)
            return
        with no_grad():
            for place, x in zip(self._numbers[name], values, strict=True):
                place.fill_(x)

    def __delitem__(self, name: str) -> None:
        del self._values[name]
        self._numbers.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(dict(self))


def _one(numbers: Iterable[float]) -> float:
    (number,) = numbers
    return number


def _one_int(numbers: Iterable[float]) -> int:
    return int(_one(numbers))


def _number(x: Any) -> float:
    return float(x.item()) if isinstance(x, Handle) else float(x)
