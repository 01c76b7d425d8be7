"""The base of all optimisers: parameter groups, state, and saving and loading both."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any

from .._tensor.autograd import Removable, clear_grad
from .._tensor.tensor import Tensor
from ..autograd import enable_grad, no_grad
from ..core.changes import ObservedDict
from ..core.context import GradMode
from ..core.errors import ArgumentError
from ..core.handle import Handle
from .group import ParamGroup
from .hooks import Hook, StepHooks, hooked

Parameters = Iterable[Tensor] | Iterable[tuple[str, Tensor]] | Iterable[dict[str, Any]]
Entry = tuple[Any, Any, dict[str, Any]]  # a parameter, its gradient, its state


class Optimizer:
    """The base of all optimisers: subclasses define `init_state` and `update`.

    State is allocated when a parameter is added and only written in place afterwards, so that the
    first step is like all later ones and a whole step can be traced. Updates are not recorded on
    the tape. Optimisers written for PyTorch, whose `step` creates state on first use, work too; do
    one step before compiling it.

    >>> import gradatim
    >>> class Plain(Optimizer):
    ...     def __init__(self, params, lr):
    ...         super().__init__(params, {"lr": lr})
    ...
    ...     def update(self, group, entries):
    ...         for p, g, state in entries:
    ...             p.sub_(group.tensor("lr") * g)
    >>> x = gradatim.tensor([1.0], requires_grad=True)
    >>> (3 * x).sum().backward()
    >>> Plain([x], lr=0.1).step()
    >>> x
    tensor([0.7000], requires_grad=True)
    """

    numbers: tuple[str, ...] = ("lr",)  # settings that may change from step to step

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "step" in vars(cls):
            cls.step = hooked(cls.step)  # type: ignore[method-assign]

    def __init__(self, params: Parameters, defaults: dict[str, Any]) -> None:
        if isinstance(params, Handle):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or "
                f"dicts, but got {type(params).__name__}; write [x] for one tensor"
            )
        if not isinstance(params, Iterable):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or "
                f"dicts, but got {type(params).__name__}; write model.parameters() for a module"
            )
        self.defaults = defaults
        self._step_hooks = StepHooks()
        self.state: dict[Any, dict[str, Any]] = ObservedDict()
        self.param_groups: list[ParamGroup] = []
        # Schedulers warn about the wrong order; a custom `step` would not set this.
        self._step_called = type(self).step is not Optimizer.step
        given: list[Any] = list(params)
        if not given:
            raise ArgumentError(
                "optimizer got an empty parameter list: a model has the parameters of its"
                " attributes, those of layers in a plain list only if it is an nn.ModuleList"
            )
        for group in given if isinstance(given[0], Mapping) else [{"params": given}]:
            self.add_param_group(group)

    def init_state(self, p: Any, group: ParamGroup) -> dict[str, Any]:
        """The state of a parameter before the first step: tensors by name; empty by default."""
        return {}

    def update(self, group: ParamGroup, entries: Iterable[Entry]) -> None:
        """Update the parameters of a group that have a gradient."""
        raise NotImplementedError(f"{type(self).__name__} has neither an update nor a step")

    def on_number_set(self, group: ParamGroup, name: str, value: float) -> None:
        """Called after one of the group's `numbers` was set, which may require more state."""

    # -- steps -----------------------------------------------------------------------------

    @hooked
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient; returns the loss if a closure computes it."""
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        self._step_called = True
        with GradMode(False):
            for group in self.param_groups:
                pairs = [(p, p.grad) for p in group["params"]]
                self.update(group, [(p, g, self.state[p]) for p, g in pairs if g is not None])
        return loss

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set the gradients of all parameters to None, or fill them with zeros."""
        for group in self.param_groups:
            for p in group["params"]:
                clear_grad(p, set_to_none=set_to_none)

    def register_step_pre_hook(self, hook: Hook) -> Removable:
        """Call hook(optimizer, args, kwargs) before each step, until the handle's remove().

        `args` starts with the optimiser. If the hook returns (args, kwargs), the step is called
        with these instead.
        """
        return Removable(self._step_hooks.before, hook)

    def register_step_post_hook(self, hook: Hook) -> Removable:
        """Call hook(optimizer, args, kwargs) after each step, until the handle's remove().

        >>> import gradatim
        >>> from gradatim import optim
        >>> optimizer = optim.SGD([gradatim.zeros(1, requires_grad=True)], lr=0.5)
        >>> handle = optimizer.register_step_post_hook(lambda o, args, kwargs: print("a step"))
        >>> optimizer.step()
        a step
        >>> handle.remove()
        """
        return Removable(self._step_hooks.after, hook)

    # -- groups ----------------------------------------------------------------------------

    def add_param_group(self, param_group: Mapping[str, Any]) -> None:
        """Add parameters with their own settings; missing ones take the defaults.

        Errors: TypeError for anything but a dictionary of tensors; ArgumentError for tensors that
        are not leaves, or already in a group.
        """
        if not isinstance(param_group, Mapping):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        if "params" not in param_group:
            raise ArgumentError(
                f"param_group has no 'params', only {sorted(param_group)}; write "
                "{'params': [...], ...}"
            )
        params, names = _named(_members(param_group["params"]))
        params = _checked(params)
        named = {"param_names": names} if names else {}
        self._check_named({**param_group, **named})
        known = {p for group in self.param_groups for p in group["params"]}
        if not known.isdisjoint(params):
            raise ArgumentError("some parameters appear in more than one parameter group")
        settings = {**param_group, "params": params, **named}
        for name, default in self.defaults.items():
            settings.setdefault(name, default)
        group = ParamGroup(settings, self.numbers)
        for p in params:
            self.state[p] = ObservedDict(self.init_state(p, group))
        self.param_groups.append(group)
        group.on_number_set = self.on_number_set

    def _check_named(self, param_group: Mapping[str, Any]) -> None:
        is_named = "param_names" in param_group
        if self.param_groups and is_named != ("param_names" in self.param_groups[0]):
            raise ArgumentError(
                "all optimizer param groups should be with/without names. cannot add param group "
                f"{'with' if is_named else 'without'} names to the optimizer"
            )

    # -- state -----------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The state by parameter index, and the groups with indices in place of parameters.

        The tensors are the optimiser's own, not copies.
        """
        numbers = {p: i for i, p in enumerate(self._all_parameters())}
        return {
            "state": {numbers[p]: dict(state) for p, state in self.state.items() if state},
            "param_groups": [
                {**dict(group), "params": [numbers[p] for p in group["params"]]}
                for group in self.param_groups
            ],
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue from the result of `state_dict`, copied into this optimiser's own tensors.

        Parameters without saved state start fresh.

        Errors: ArgumentError if the number or sizes of the groups differ, or if a tensor has
        another shape.
        """
        if "param_groups" not in state_dict:
            raise ArgumentError(
                "load_state_dict: expects 'state' and 'param_groups', as state_dict() gives; got "
                f"{sorted(state_dict)}"
            )
        saved = state_dict["param_groups"]
        if len(saved) != len(self.param_groups):
            raise ArgumentError(
                "loaded state dict has a different number of parameter groups: "
                f"{len(saved)}, this optimizer has {len(self.param_groups)}"
            )
        for new, group in zip(saved, self.param_groups, strict=True):
            if len(new["params"]) != len(group["params"]):
                raise ArgumentError(
                    "loaded state dict contains a parameter group that doesn't match the size of "
                    f"optimizer's group: {len(new['params'])} against {len(group['params'])}"
                )
        for new, group in zip(saved, self.param_groups, strict=True):
            group.update({k: copy.deepcopy(v) for k, v in new.items() if k != "params"})
        keys = chain.from_iterable(new["params"] for new in saved)
        for key, p in zip(keys, self._all_parameters(), strict=True):
            self._restore(p, state_dict["state"].get(key, {}))

    def _restore(self, p: Any, saved: Mapping[str, Any]) -> None:
        group = next(g for g in self.param_groups if any(p is q for q in g["params"]))
        fresh = self.init_state(p, group)
        state = self.state[p]
        for name in [*fresh, *(name for name in saved if name not in fresh)]:
            value = saved.get(name, fresh.get(name))
            place = state.get(name)
            if not isinstance(value, Handle):
                if value is not None:
                    state[name] = copy.deepcopy(value)
            elif place is None:
                state[name] = value.detach().clone()
            else:
                _copy_state(name, place, value)

    def _all_parameters(self) -> list[Any]:
        return [p for group in self.param_groups for p in group["params"]]

    def __repr__(self) -> str:
        groups = []
        for i, group in enumerate(self.param_groups):
            lines = [f"    {k}: {group[k]}\n" for k in sorted(group) if k != "params"]
            groups.append(f"\nParameter Group {i}\n" + "".join(lines))
        return f"{type(self).__name__} ({''.join(groups)})"


def _members(given: Any) -> list[Any]:
    if isinstance(given, set):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections, but the ordering "
            "of tensors in sets will change between runs. Please use a list instead."
        )
    return [given] if isinstance(given, Handle) else list(given)


def _named(members: list[Any]) -> tuple[list[Any], list[str]]:
    """The parameters, and their names if given as pairs like those of `named_parameters`."""
    pairs = [p for p in members if isinstance(p, tuple)]
    if not pairs:
        return members, []
    if len(pairs) < len(members):
        raise ArgumentError(
            "all optimizer params should be with/without names. Some param names are missing"
        )
    return [p for _, p in pairs], [name for name, _ in pairs]


def _checked(params: list[Any]) -> list[Any]:
    for p in params:
        if not isinstance(p, Handle):
            raise TypeError(
                f"optimizer can only optimize Tensors, but one of the params is {type(p).__name__}"
            )
        if not p.is_leaf:
            raise ArgumentError("can't optimize a non-leaf Tensor")
    if len(set(params)) < len(params):
        warnings.warn(
            "optimizer contains a parameter group with duplicate parameters; each is updated once",
            stacklevel=4,
        )
    return list(dict.fromkeys(params))


def _copy_state(name: str, place: Any, value: Any) -> None:
    if place.shape != value.shape:
        raise ArgumentError(
            f"loaded state dict: '{name}' has shape {list(value.shape)}, this optimizer's "
            f"{list(place.shape)}"
        )
    with no_grad():
        place.copy_(value)
