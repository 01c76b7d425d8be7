"""Functions that differ in nothing but where their loops end become one, which is told where.

The updates of parameters of all sizes are such functions, and so are parts of an attention for a
quarter, a half, three quarters and all of the columns. LLVM's time goes by the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import count

from .writing import NAMELESS, Call, Lowering, named

_END = re.compile(r"(icmp slt i64 %v\d+, )(\d+)$", re.MULTILINE)
_CALL = re.compile(r"(call void @)(nest_\w+)(\(.*)\)$", re.MULTILINE)


@dataclass(frozen=True)
class _Told:
    """A shared function, and what it has to be told to do as another one did."""

    name: str
    limits: tuple[int, ...]


def share(lowering: Lowering, names: Iterable[str]) -> None:
    """Make those of these functions one that can be, and let all who call them know."""
    functions = lowering.module.functions
    alike: dict[str, list[tuple[str, list[int]]]] = {}
    callers = []
    for name in dict.fromkeys(names):
        text = functions[name].replace(f"@{name}(", f"@{NAMELESS}(", 1)
        if _CALL.search(text):
            callers.append(name)
            continue
        ends = [int(end) for _, end in _END.findall(text)]
        alike.setdefault(_END.sub(r"\1", text), []).append((name, ends))
    told: dict[str, _Told] = {}
    for same in alike.values():
        if len(same) > 1:
            told.update(_one(lowering, same))
    for name in callers:
        functions[name] = _CALL.sub(lambda m: _calling(m, told), functions[name])
    lowering.calls = [_told(c, told) if isinstance(c, Call) else c for c in lowering.calls]


def _one(lowering: Lowering, same: Sequence[tuple[str, list[int]]]) -> dict[str, _Told]:
    """One function in the place of some, by the names of these."""
    functions = lowering.module.functions
    places = list(zip(*(ends for _, ends in same), strict=True))  # of each end, what it is in each
    limits = [p for p in dict.fromkeys(places) if len(set(p)) > 1]
    number = count()

    def end(m: re.Match[str]) -> str:
        place = places[next(number)]
        return f"{m[1]}%limit{limits.index(place)}" if place in limits else m[0]

    first = same[0][0]
    text = _END.sub(end, functions[first]).replace(f"@{first}(", f"@{NAMELESS}(", 1)
    more = "".join(f", i64 %limit{i}" for i in range(len(limits)))
    for name, _ in same:
        del functions[name]
    name = named(lowering.module, text.replace(") #", f"{more}) #", 1))
    given = zip(*limits, strict=True)
    return {old: _Told(name, own) for (old, _), own in zip(same, given, strict=True)}


def _calling(m: re.Match[str], told: dict[str, _Told]) -> str:
    if m[2] not in told:
        return m[0]
    one = told[m[2]]
    more = "".join(f", i64 {limit}" for limit in one.limits)
    return f"{m[1]}{one.name}{m[3]}{more})"


def _told(c: Call, told: dict[str, _Told]) -> Call:
    parts = tuple(dict.fromkeys(told[p].name if p in told else p for p in c.parts))
    one = told.get(c.function)
    if one is None:
        return replace(c, parts=parts) if c.parts else c
    return replace(c, function=one.name, limits=one.limits, parts=parts)
