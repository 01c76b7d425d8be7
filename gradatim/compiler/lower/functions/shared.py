"""Functions that differ only in a few integers become one, which takes them as parameters.

Such integers are loop bounds or row strides: updates of parameters of different sizes differ in
them, as do the parts of an attention for a quarter, a half, three quarters and all of the columns,
or for queries and for gradients. LLVM's compile time grows with the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ..nest.writing import NAMELESS, Call, Lowering, named

MOST = 4  # more parameters than these would spill others from registers
# Not the constants of `getelementptr`: they are immediates in the innermost loops.
_NUMBER = re.compile(
    r"((?:icmp slt|mul|add) i64 %v\d+, |add i64 |select i1 %v\d+, i64 %v\d+, i64 )(\d+)\b"
)
_CALL = re.compile(r"(call void @)(nest_\w+)(\(.*)\)$", re.MULTILINE)
_Version = tuple[str, list[int]]  # a function's name, and its integers in order


@dataclass(frozen=True)
class _Merged:
    """A shared function, and the integers with which it replaces another."""

    name: str
    numbers: tuple[int, ...]


def share(lowering: Lowering, names: Iterable[str]) -> None:
    """Merge those of these functions that can be, and update all calls of them."""
    functions = lowering.module.functions
    alike: dict[str, list[_Version]] = {}
    callers = []
    for name in dict.fromkeys(names):
        text = functions[name].replace(f"@{name}(", f"@{NAMELESS}(", 1)
        if _CALL.search(text):
            callers.append(name)
            continue
        numbers = [int(number) for _, number in _NUMBER.findall(text)]
        alike.setdefault(_NUMBER.sub(r"\1", text), []).append((name, numbers))
    merged: dict[str, _Merged] = {}
    for same in alike.values():
        if len(same) > 1:
            merged.update(_merge(lowering, same))
    for name in callers:
        functions[name] = _CALL.sub(lambda m: _redirected_text(m, merged), functions[name])
    lowering.calls = [_redirected(c, merged) if isinstance(c, Call) else c for c in lowering.calls]


def _merge(lowering: Lowering, same: Sequence[_Version]) -> dict[str, _Merged]:
    """One function in place of several, by their names; empty if it needs too many parameters."""
    functions = lowering.module.functions
    places = list(zip(*(numbers for _, numbers in same), strict=True))  # per place, of each version
    various = [p for p in dict.fromkeys(places) if len(set(p)) > 1]
    if len(various) > MOST:
        return {}
    place = iter(places)

    def parameter(m: re.Match[str]) -> str:
        values = next(place)
        return f"{m[1]}%n{various.index(values)}" if values in various else m[0]

    first = same[0][0]
    text = _NUMBER.sub(parameter, functions[first]).replace(f"@{first}(", f"@{NAMELESS}(", 1)
    more = "".join(f", i64 %n{i}" for i in range(len(various)))
    for name, _ in same:
        del functions[name]
    name = named(lowering.module, text.replace(") #", f"{more}) #", 1))
    arguments = zip(*various, strict=True)
    return {old: _Merged(name, own) for (old, _), own in zip(same, arguments, strict=True)}


def _redirected_text(m: re.Match[str], merged: dict[str, _Merged]) -> str:
    if m[2] not in merged:
        return m[0]
    target = merged[m[2]]
    more = "".join(f", i64 {number}" for number in target.numbers)
    return f"{m[1]}{target.name}{m[3]}{more})"


def _redirected(c: Call, merged: dict[str, _Merged]) -> Call:
    parts = tuple(dict.fromkeys(merged[p].name if p in merged else p for p in c.parts))
    target = merged.get(c.function)
    if target is None:
        return replace(c, parts=parts) if c.parts else c
    return replace(c, function=target.name, numbers=target.numbers, parts=parts)
