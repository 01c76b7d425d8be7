"""`state_dict` and `load_state_dict`: a module's parameters and persistent buffers by name."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..._tensor.tensor import Tensor
from ...autograd import no_grad
from ...core.errors import GradatimError
from ..parameter import Parameter
from .tree import Tree


class StateDictError(GradatimError, RuntimeError):
    """The state dict does not fit the module: lists all missing, unexpected and misshapen keys."""


class IncompatibleKeys(NamedTuple):
    """The keys that `load_state_dict` missed, and those it did not expect."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return (
            f"_IncompatibleKeys(missing_keys={self.missing_keys}, "
            f"unexpected_keys={self.unexpected_keys})"
        )


class Stateful(Tree):
    """`state_dict` and `load_state_dict`.

    A state dict records in `_metadata`, like PyTorch's, the `_version` of each module's class. A
    class that gains a member raises its version and lists in `_newer_than` what older dicts lack.
    """

    _version = 1

    def _newer_than(self, version: int | None) -> frozenset[str]:
        """The members that state dicts of this version, or of an unknown one, may lack."""
        return frozenset()

    def state_dict(
        self,
        *,
        destination: dict[str, Any] | None = None,
        prefix: str = "",
        keep_vars: bool = False,
    ) -> dict[str, Any]:
        """Every parameter and persistent buffer under its dotted name, without copying.

        A parameter of two modules appears under both names. Detached unless `keep_vars`.
        """
        state: Any = OrderedDict() if destination is None else destination
        if destination is None:
            state._metadata = OrderedDict()
        if hasattr(state, "_metadata"):
            state._metadata[prefix.removesuffix(".")] = {"version": self._version}
        for name, member in self._persistent().items():
            state[prefix + name] = member if keep_vars else member.detach()
        for name, child in self._modules.items():
            if child is not None:
                child.state_dict(destination=state, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        return state

    def _persistent(self) -> dict[str, Tensor]:
        """This module's own members that are saved."""
        saved = {
            k: v for k, v in self._buffers.items() if k not in self._non_persistent_buffers_set
        }
        own = {**self._parameters, **saved}
        return {name: member for name, member in own.items() if member is not None}

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy tensors into the members of the same names; with `assign`, replace the members.

        A batch norm's `num_batches_tracked`, which old checkpoints lack, keeps its value.

        Errors: StateDictError for shapes that differ and, if `strict`, for missing and unexpected
        keys: all of them are listed, and nothing is copied.

        >>> from gradatim import nn
        >>> a, b = nn.Linear(2, 3), nn.Linear(2, 3)
        >>> a.load_state_dict(b.state_dict())
        <All keys matched successfully>
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        places = self._places("")
        older = _may_be_missing(places, getattr(state_dict, "_metadata", {}))
        missing = [key for key in places if key not in state_dict and key not in older]
        unexpected = [key for key in state_dict if key not in places]
        shared = [(key, state_dict[key], *places[key]) for key in places if key in state_dict]
        problems = [text for text in (_misfit(*item) for item in shared) if text]
        if strict:
            problems = [*_key_problems(missing, unexpected), *problems]
        if problems:
            raise StateDictError(
                f"Error(s) in loading state_dict for {type(self).__name__}:\n\t"
                + "\n\t".join(problems)
            )
        for _, value, module, name in shared:
            _load(module, name, value, assign)
        return IncompatibleKeys(missing, unexpected)

    def _places(self, prefix: str) -> dict[str, tuple[Stateful, str]]:
        """For each key, the module that owns the member, and the member's name."""
        places = {prefix + name: (self, name) for name in self._persistent()}
        for name, child in self._modules.items():
            if child is not None:
                places |= child._places(f"{prefix}{name}.")
        return places


def _may_be_missing(places: dict[str, tuple[Stateful, str]], metadata: Any) -> set[str]:
    """The keys newer than the module versions recorded in the state dict's metadata."""
    newer = set()
    for key, (module, name) in places.items():
        prefix = key.removesuffix(name).removesuffix(".")
        if name in module._newer_than(metadata.get(prefix, {}).get("version")):
            newer.add(key)
    return newer


def _key_problems(missing: list[str], unexpected: list[str]) -> list[str]:
    problems = []
    for what, keys in (("Missing", missing), ("Unexpected", unexpected)):
        if keys:
            named = ", ".join(f'"{key}"' for key in keys)
            problems.append(f"{what} key(s) in state_dict: {named}. ")
    return problems


def _misfit(key: str, value: Any, module: Stateful, name: str) -> str:
    """Why a value cannot be loaded into its member; empty if it can."""
    if not isinstance(value, Tensor):
        return (
            f'While copying the parameter named "{key}", expected gradatim.Tensor or Tensor-like '
            f"object from checkpoint but received {type(value)}"
        )
    place = getattr(module, name)
    if value.shape != place.shape:
        return (
            f"size mismatch for {key}: copying a param with shape {value.shape} from checkpoint, "
            f"the shape in current model is {place.shape}."
        )
    return ""


def _load(module: Stateful, name: str, value: Tensor, assign: bool) -> None:
    place = getattr(module, name)
    if not assign:
        with no_grad():
            place.copy_(value)
    elif isinstance(place, Parameter):
        setattr(module, name, Parameter(value.detach(), place.requires_grad))
    else:
        setattr(module, name, value)
