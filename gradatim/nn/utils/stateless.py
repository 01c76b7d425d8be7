"""A module's forward pass with its parameters replaced by other tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ..._tensor.tensor import Tensor
from ...core.errors import ArgumentError
from ...core.handle import check_tensor
from ..module import Module

Named = Mapping[str, Tensor]


def functional_call(
    module: Module,
    parameter_and_buffer_dicts: Named | Sequence[Named],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """`module(*args, **kwargs)` with parameters and buffers replaced by those of a dictionary.

    Names are those of `named_parameters` and `named_buffers`; the others stay. Gradients flow to
    the given tensors, which may be computed, by another network or by a training step. A tensor
    that the module has under two names is replaced under both, unless not `tie_weights`. In-place
    updates of a buffer go to the given tensor.

    Errors: ArgumentError for names that the module does not have, or that several dictionaries
    have, and, if `strict`, for names not given.

    >>> import gradatim
    >>> layer = gradatim.nn.Linear(2, 1)
    >>> w, b = gradatim.tensor([[1.0, 2.0]]), gradatim.tensor([0.5])
    >>> functional_call(layer, {"weight": w, "bias": b}, gradatim.ones(1, 2))
    tensor([[3.5000]])
    """
    named: Any = parameter_and_buffer_dicts
    given: dict[str, Any] = {}
    for part in (named,) if isinstance(named, Mapping) else named:
        if twice := [name for name in part if name in given]:
            raise ArgumentError(f"functional_call: {twice} are in several of the dictionaries")
        given.update(part)
    if not isinstance(args, tuple):
        args = () if args is None else (args,)
    with _exchanged(module, given, tie_weights, strict):
        return module(*args, **(kwargs or {}))


@contextmanager
def _exchanged(module: Module, given: dict[str, Any], tied: bool, strict: bool) -> Iterator[None]:
    places = _places(module)
    if unknown := [name for name in given if name not in places]:
        raise ArgumentError(
            f"functional_call: {type(module).__name__} has no {unknown}; it has {[*places]}"
        )
    own = {name: table[key] for name, (table, key) in places.items()}
    new: dict[str, Any] = {}
    for name, x in given.items():
        check_tensor("functional_call", x, name)
        new[name] = x
        if tied:
            new |= {n: x for n, was in own.items() if was is own[name] and n not in given}
    left = [name for name in places if name not in new]
    if strict and left:
        raise ArgumentError(f"functional_call: strict, but without {left}")
    try:
        for name, x in new.items():
            table, key = places[name]
            table[key] = x
        yield
    finally:
        for name, (table, key) in places.items():
            table[key] = own[name]


def _places(module: Module) -> dict[str, tuple[dict[str, Any], str]]:
    """The table and the key of each parameter and buffer, by name."""
    return {
        f"{prefix}.{key}" if prefix else key: (table, key)
        for prefix, part in module.named_modules(remove_duplicate=False)
        for table in (part._parameters, part._buffers)
        for key, x in table.items()
        if x is not None
    }
