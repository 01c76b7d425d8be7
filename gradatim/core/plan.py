"""What a tape entry keeps for its gradient rules, read off the rules' own parameter names."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .primitive import Primitive

Rule = Callable[..., Any]

# Where an argument of a rule comes from.
SAVED, OUT, TYPE, TYPES, PARAM = range(5)


class Plan:
    """What a tape entry keeps, and how its rules are called, for one set of wanted inputs."""

    __slots__ = ("keeps", "keeps_more", "keeps_out", "keeps_types", "pick", "primitive", "rules")

    def __init__(self, primitive: Primitive, wanted: int, count: int) -> None:
        self.primitive = primitive
        variadic = primitive.variadic_rule
        rules = [variadic(i) for i in range(count)] if variadic else primitive.rules
        chosen = [(i, r) for i, r in enumerate(rules) if r is not None and wanted >> i & 1]
        names = {n for _, rule in chosen for n in parameters(rule)}
        inputs = primitive.inputs
        self.keeps = tuple(i for i, name in enumerate(inputs) if name in names)
        self.pick = _picker(self.keeps, count)
        self.keeps_out = any(name in names for name in primitive.outputs)
        self.keeps_types = variadic is not None or any(n.endswith("_type") for n in names)
        self.keeps_more = self.keeps_out or self.keeps_types or len(primitive.outputs) > 1
        kept = {inputs[i]: place for place, i in enumerate(self.keeps)}
        self.rules = tuple(
            (i, rule, tuple(_source(n, primitive, kept) for n in parameters(rule)))
            for i, rule in chosen
        )


def _picker(keeps: tuple[int, ...], count: int) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """A function that takes the kept inputs out of all: it runs for every recorded call."""
    if len(keeps) == count:
        return tuple
    if len(keeps) == 1:
        only = keeps[0]
        return lambda inputs: (inputs[only],)
    return itemgetter(*keeps) if keeps else lambda inputs: ()


def parameters(rule: Rule) -> tuple[str, ...]:
    """The names of a rule's parameters after the incoming gradient."""
    code = rule.__code__
    return code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]


def _source(name: str, primitive: Primitive, kept: dict[str, int]) -> tuple[int, Any]:
    if name in kept:
        return SAVED, kept[name]
    if name in primitive.outputs:
        return OUT, primitive.outputs.index(name)
    if name.endswith("_type"):
        return TYPE, primitive.inputs.index(name[:-5])
    if name == "types":
        return TYPES, None
    return PARAM, name
