"""Warnings issued only once."""

from __future__ import annotations

from collections.abc import Callable

Warn = Callable[[str], None]


def only_once(warn: Warn) -> Warn:
    """A function that warns only on its first call that something could not be compiled."""
    reasons: list[str] = []

    def warn_once(why: str) -> None:
        if not reasons:
            reasons.append(why)
            warn(f"not compiled but run as it is written, which takes longer ({why})")

    return warn_once
