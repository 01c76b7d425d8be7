"""Warnings that are said once."""

from __future__ import annotations

from collections.abc import Callable

Warn = Callable[[str], None]


def only_once(warn: Warn) -> Warn:
    """Tell that something is not compiled, the first time."""
    told: list[str] = []

    def tell(why: str) -> None:
        if not told:
            told.append(why)
            warn(f"not compiled but run as it is written, which takes longer ({why})")

    return tell
