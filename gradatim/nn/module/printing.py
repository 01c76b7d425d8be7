"""A module as text: its class, its settings, and its children indented."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def describe(name: str, extra: str, children: Iterable[tuple[str, Any]]) -> str:
    """`Name(settings)`, or one line for each setting and child.

    >>> print(describe("Pair", "", [("a", "Tanh()"), ("b", "Tanh()")]))
    Pair(
      (a): 'Tanh()'
      (b): 'Tanh()'
    )
    """
    settings = extra.split("\n") if extra else []
    parts = [f"({key}): {indented(repr(child))}" for key, child in children]
    if not parts and len(settings) < 2:
        return f"{name}({extra})"
    return f"{name}(\n  " + "\n  ".join([*settings, *parts]) + "\n)"


def describe_list(name: str, children: Iterable[Any]) -> str:
    """Like `describe`, with runs of equal children written once: `(0-2): 3 x Tanh()`."""
    runs: list[list[Any]] = []  # [first, last, text]
    for i, child in enumerate(children):
        text = repr(child)
        if runs and runs[-1][2] == text:
            runs[-1][1] = i
        else:
            runs.append([i, i, text])
    if not runs:
        return f"{name}()"
    return f"{name}(\n  " + "\n  ".join(_run(*run) for run in runs) + "\n)"


def _run(first: int, last: int, text: str) -> str:
    if first == last:
        return indented(f"({first}): {text}")
    return indented(f"({first}-{last}): {last - first + 1} x {text}")


def indented(text: str) -> str:
    """All lines but the first indented by two."""
    return text.replace("\n", "\n  ")
