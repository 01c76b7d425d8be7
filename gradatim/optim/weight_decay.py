"""The gradient that an update descends: its sign for `maximize`, and weight decay."""

from __future__ import annotations

from typing import Any

from .group import ParamGroup


def decayed(p: Any, g: Any, group: ParamGroup) -> Any:
    """The gradient for a minimising step: negated for `maximize`, plus weight_decay p."""
    g = -g if group["maximize"] else g
    return g + p * group["weight_decay"] if group["weight_decay"] else g
