"""What is asked of the compiler, in PyTorch's words; and who compiles a module that asks for it.

A setting that would do nothing here is refused, so that nobody waits for what it promises. The
modes are all taken: they say how long the compiler may look for the fastest program, and the one
way there is here has the same results.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import ArgumentError

_MODES = ("default", "lite", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What `compile` was asked for; made only of what can be had.

    Errors: ArgumentError for what cannot.
    """

    fullgraph: bool
    dynamic: bool | None
    backend: str | Callable[..., Any] | None
    mode: str | None
    options: Mapping[str, Any] | None
    disable: bool

    def __post_init__(self) -> None:
        if self.dynamic:
            _refuse("dynamic=True", "each shape has a program of its own, made at its first call")
        if self.backend not in (None, "inductor", "eager"):
            _refuse(
                f"backend={self.backend!r}",
                'there is one compiler, for backend=None or "inductor", and "eager" for none',
            )
        if self.mode not in (None, *_MODES):
            _refuse(f"mode={self.mode!r}", f"the modes are {', '.join(_MODES)}")
        if self.options:
            _refuse(f"options={dict(self.options)}", "they are those of PyTorch's own compiler")

    @property
    def is_plain(self) -> bool:
        """Whether the function is to stay as it is written."""
        return self.disable or self.backend == "eager"


def _refuse(setting: str, why: str) -> None:
    raise ArgumentError(f"compile: {setting} is not supported: {why}; leave it out")


class _State:
    compile: Callable[[Any, Settings], None] | None = None


def compiled_by(compile: Callable[[Any, Settings], None]) -> None:
    """Say who compiles modules in place: `gradatim/__init__` does."""
    _State.compile = compile


def compile_in_place(module: Any, asked: Settings) -> None:
    """Let the module run as machine code from now on, or as it is written."""
    if _State.compile is not None:
        _State.compile(module, asked)
