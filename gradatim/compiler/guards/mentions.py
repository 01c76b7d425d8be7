"""The names in code that ran: it can only have read what it mentions."""

from __future__ import annotations

import dis
from types import CodeType
from typing import Any


def globals_of(code: CodeType) -> list[str]:
    """The global names a function reads, in order of first use."""
    opcodes = ("LOAD_GLOBAL", "LOAD_NAME")
    names = [i.argval for i in dis.get_instructions(code) if i.opname in opcodes]
    return list(dict.fromkeys(names))


def texts_of(code: CodeType) -> list[str]:
    """The string constants of a function: keys of dictionaries may be among them."""
    texts: list[str] = []
    waiting: list[Any] = list(code.co_consts)
    while waiting:
        x = waiting.pop()
        if type(x) is str:
            texts.append(x)
        elif type(x) in (tuple, frozenset):
            waiting += x
    return texts


def looks_through(code: CodeType) -> bool:
    """Whether a function may iterate over a dictionary, so that it need not mention its keys."""
    return not {"items", "values", "keys", "get", "pop"}.isdisjoint(code.co_names) or any(
        i.opname in ("DICT_MERGE", "DICT_UPDATE") for i in dis.get_instructions(code)
    )
