"""Tuples, lists and dictionaries of tensors: what functions take and return."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def is_tree(x: Any) -> bool:
    """Whether `x` is a tuple, list or dictionary."""
    return isinstance(x, (tuple, list, dict))


def map_leaves(f: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """A tree of the same structure, with `f(leaf, ...)` of leaves at the same place.

    Where another tree ends earlier, all of `tree` below gets its leaf.

    >>> map_leaves(lambda x, y: x + y, {"a": [1, 2], "b": 3}, {"a": 10, "b": 20})
    {'a': [11, 12], 'b': 23}
    """
    if isinstance(tree, dict):
        parts = [(key, [o[key] if isinstance(o, dict) else o for o in others]) for key in tree]
        return type(tree)({key: map_leaves(f, tree[key], *more) for key, more in parts})
    if not isinstance(tree, (tuple, list)):
        return f(tree, *others)
    for o in others:
        if is_tree(o) and len(o) != len(tree):
            raise ValueError(f"{len(tree)} values, but {len(o)} of {o!r}")
    columns = [o if isinstance(o, (tuple, list)) else [o] * len(tree) for o in others]
    items = [map_leaves(f, *row) for row in zip(tree, *columns, strict=True)]
    return type(tree)(*items) if hasattr(tree, "_fields") else type(tree)(items)


def leaves(tree: Any) -> list[Any]:
    """The leaves in order."""
    found: list[Any] = []
    map_leaves(found.append, tree)
    return found
