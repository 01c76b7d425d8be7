"""The variable that a view reads, with each step of the view recorded only once.

Without this cache of steps, a chain of n views of views would take n^2 equations.
"""

from __future__ import annotations

from collections.abc import Callable

from ...core.handle import ViewStep, wrap
from ..ir.graph import Var

Known = dict[ViewStep, tuple[Var, Var]]  # step: the root it was applied to, and the result


def shown(known: Known, root: Var, view: ViewStep | None, execute: Callable[..., Var]) -> Var:
    """What a view reads of a storage whose current variable is `root`."""
    ahead, value = [], root
    while view is not None:
        before = known.get(view)
        if before is not None and before[0] is root:
            value = before[1]
            break
        ahead.append(view)
        view = view.before
    for step in reversed(ahead):
        value = execute(step.primitive, (wrap(value),), step.params)
        known[step] = root, value
    return value
