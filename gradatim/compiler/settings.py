"""The settings of `compile`, as in PyTorch.

A setting that would have no effect here is refused. All of PyTorch's modes are accepted: they only
set how long the compiler may search for a fast program, never results.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..core.errors import ArgumentError

_MODES = ("default", "lite", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The arguments of a `compile` call. Errors: ArgumentError for unsupported ones."""

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
        """Whether the function should run eagerly."""
        return self.disable or self.backend == "eager"


def _refuse(setting: str, why: str) -> None:
    raise ArgumentError(f"compile: {setting} is not supported: {why}; leave it out")
