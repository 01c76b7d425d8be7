"""Some functions of a module as a module of their own, compiled to an object linked with others."""

from __future__ import annotations

import re
from collections.abc import Collection

from .emit import Module

_NAME = re.compile(r"@([\w.]+)")
_HEAD = re.compile(r"define (.+?) @([\w.]+)\((.*)\)")


def part_of(module: Module, names: Collection[str]) -> str:
    """The text of some functions with the constants they use; other functions are declared."""
    whole = Module(module.target)
    whole.functions = {name: module.functions[name] for name in names}
    used = {name for body in whole.functions.values() for name in _NAME.findall(body)}
    whole.constants = {body: name for body, name in module.constants.items() if name[1:] in used}
    whole.declared = {name: how for name, how in module.declared.items() if name in used}
    for name, body in module.functions.items():
        if name in used and name not in whole.functions:
            whole.declared[name] = _declaration(body)
    return str(whole)


def _declaration(function: str) -> str:
    """A function's declaration: its name and types."""
    head = _HEAD.match(function)
    assert head is not None
    returns, name, parameters = head.groups()
    types = [p.rpartition(" ")[0] for p in parameters.split(", ") if p]
    return f"{returns} @{name}({', '.join(types)})"
