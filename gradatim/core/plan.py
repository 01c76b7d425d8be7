"""What a tape entry saves for its gradient rules, derived from the rules' parameter names."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .primitive import Primitive

Rule = Callable[..., Any]

# Where an argument of a rule comes from
SAVED, OUT, OUT_ARRAY, TYPE, TYPES, PARAM = range(6)

JOINT = -1  # instead of an input position: the rule returns the gradients of all inputs


class Plan:
    """What a tape entry saves and how its rules are called, for one set of wanted gradients."""

    __slots__ = ("is_plain", "keeps", "keeps_out", "kept", "needed", "pick", "primitive", "rules",
                 "typed")  # fmt: skip

    def __init__(self, primitive: Primitive, wanted: int, count: int) -> None:
        self.primitive = primitive
        variadic = primitive.variadic_rule
        rules = [variadic(i) for i in range(count)] if variadic else primitive.rules
        chosen = [(i, r) for i, r in enumerate(rules) if r is not None and wanted >> i & 1]
        if primitive.joint_rule is not None:
            chosen = [(JOINT, primitive.joint_rule)]
        names = {n for _, rule in chosen for n in parameters(rule)}
        inputs = primitive.inputs
        self.keeps = tuple(i for i, name in enumerate(inputs) if name in names)
        self.kept, self.pick = _kept(self.keeps)
        self.needed = tuple([name in names for name in primitive.outputs])
        self.keeps_out = any(self.needed) or f"{primitive.outputs[0]}_array" in names
        types = [f"{name}_type" for name in inputs]
        self.typed = range(count) if variadic else [i for i, t in enumerate(types) if t in names]
        self.is_plain = len(primitive.outputs) == 1 and not self.typed
        kept = {inputs[i]: place for place, i in enumerate(self.keeps)}
        self.rules = tuple(
            (i, rule, tuple(_source(n, primitive, kept) for n in parameters(rule)))
            for i, rule in chosen
        )


def _kept(places: tuple[int, ...]) -> tuple[slice, Callable[..., Any] | None]:
    """A slice that picks the saved inputs, which is cheapest, or else a function that does."""
    if not places:
        return slice(0), None
    first, last = places[0], places[-1]
    step = places[1] - first if len(places) > 1 else 1
    if places == tuple(range(first, last + 1, step)):
        return slice(first, last + 1, step), None
    return slice(0), itemgetter(*places)


def parameters(rule: Rule) -> tuple[str, ...]:
    """The names of a rule's parameters after the incoming gradient."""
    code = rule.__code__
    return code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]


def _source(name: str, primitive: Primitive, kept: dict[str, int]) -> tuple[int, Any]:
    if name in kept:
        return SAVED, kept[name]
    if name in primitive.outputs:
        return OUT, primitive.outputs.index(name)
    if name.removesuffix("_array") in primitive.outputs:
        return OUT_ARRAY, None
    if name.endswith("_type"):
        return TYPE, primitive.inputs.index(name[:-5])
    if name == "types":
        return TYPES, None
    return PARAM, name
