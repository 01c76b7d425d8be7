"""The names in code that ran: it can only have read what it mentions."""

from __future__ import annotations

import dis
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import resolve_name
from types import CodeType
from typing import Any

_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
_OF_TYPES = {"isinstance", "type"}
_ASKING = {"getattr", "hasattr"}


def globals_of(code: CodeType) -> list[str]:
    """The global names a function reads, in order of first use."""
    names = [i.argval for i in dis.get_instructions(code) if i.opname in _GLOBAL]
    return list(dict.fromkeys(names))


def reads_attribute(code: CodeType, name: str) -> bool:
    """Whether a function does anything with a name but read a global."""
    return any(i.argval == name and i.opname not in _GLOBAL for i in dis.get_instructions(code))


def texts_of(code: CodeType) -> list[str]:
    """The string constants of a function, and their parts: `attrgetter("model.rate")`."""
    texts: list[str] = []
    waiting: list[Any] = list(code.co_consts)
    while waiting:
        x = waiting.pop()
        if type(x) is str:
            texts += [x] if " " in x or "." not in x else [x, *x.split(".")]
        elif type(x) in (tuple, frozenset):
            waiting += x
    return texts


def names_used(code: CodeType) -> tuple[set[str], set[str]]:
    """Names that a function loads just to append to them, as in `losses.append(x)`, and others."""
    appended: set[str] = set()
    others: set[str] = set()
    steps = [i for i in dis.get_instructions(code) if i.opname not in ("CACHE", "PUSH_NULL")]
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        *before, last = _loaded(step) or (None,)
        others.update(before)
        if last is not None:
            appends = after is not None and after.argval == "append"
            (appended if appends else others).add(last)
    return appended, others


def read_first(code: CodeType) -> set[str]:
    """Names that a function reads before it assigns to them, or without doing so."""
    first: dict[str, str] = {}
    for i in dis.get_instructions(code):
        if type(i.argval) is str and i.opname != "LOAD_CONST":
            first.setdefault(i.argval, i.opname)
    return {name for name, does in first.items() if does.startswith("LOAD_")}


def asks_types(code: CodeType) -> bool:
    """Whether a function may ask of what type something is."""
    return not _OF_TYPES.isdisjoint(code.co_names)


def asked_of(code: CodeType, texts: list[str]) -> list[str]:
    """The names of attributes for which a function may ask without knowing that they exist."""
    return texts if not _ASKING.isdisjoint(code.co_names) else []


def modules_of(code: CodeType, package: str | None) -> Iterator[str]:
    """The modules that a function imports, where `package` is that of its own module."""
    lines = [i for i in dis.get_instructions(code) if i.opname != "EXTENDED_ARG"]
    for level, _, i in zip(lines, lines[1:], lines[2:], strict=False):
        if i.opname == "IMPORT_NAME":
            with suppress(ImportError):  # which the function will raise itself
                yield resolve_name("." * level.argval + i.argval, package)


def matches_classes(code: CodeType) -> bool:
    """Whether a function matches a class (`case Point(x, y)`), which reads `__match_args__`."""
    return any(i.opname == "MATCH_CLASS" for i in dis.get_instructions(code))


def uses_of(code: CodeType) -> Iterator[tuple[str, str | None]]:
    """Every name that a function reads, and what of its value it reads at once.

    For `sizes["width"]["min"]` that is `("sizes", "width")`, `("width", "min")`, `("min", None)`.
    None is anything but the item of a constant key: the value is passed on, or gone through.
    """
    lines = [i for i in dis.get_instructions(code) if i.opname != "EXTENDED_ARG"]
    for n, i in enumerate(lines):
        key = _key(lines[n + 1 : n + 3])
        *before, last = _loaded(i) or (None,)
        yield from ((name, None) for name in before)
        if last is not None:
            yield last, key
        read = _key(lines[max(n - 1, 0) : n + 1])
        if read is not None:
            yield read, key


def _loaded(i: dis.Instruction) -> tuple[str, ...]:
    """The names that an instruction reads, the last one on top of the stack.

    Since Python 3.13 some instructions read two variables, or write one and read another.
    """
    if i.opname == "LOAD_CONST" or ("LOAD_" not in i.opname and i.opname != "IMPORT_FROM"):
        return ()
    names = i.argval if type(i.argval) is tuple else (i.argval,)
    return tuple(name for name in names if type(name) is str)


def _key(lines: list[dis.Instruction]) -> str | None:
    """The constant key, if two instructions are those of `[key]`, `[key] = ` or `[key] +=`."""
    if len(lines) < 2 or lines[0].opname != "LOAD_CONST" or type(lines[0].argval) is not str:
        return None
    name = lines[1].opname
    is_item = name in ("BINARY_SUBSCR", "STORE_SUBSCR", "DELETE_SUBSCR")
    is_item = is_item or (name == "BINARY_OP" and lines[1].argrepr == "[]")
    return lines[0].argval if is_item or (name == "COPY" and lines[1].arg == 2) else None
