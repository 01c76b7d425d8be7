"""Who compiles a module that asks for it: `gradatim/__init__` says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class _State:
    compile: Callable[[Any], None] | None = None


def compiled_by(compile: Callable[[Any], None]) -> None:
    """Say who compiles modules in place."""
    _State.compile = compile


def compile_in_place(module: Any) -> None:
    """Let the module run as machine code from now on."""
    if _State.compile is not None:
        _State.compile(module)
