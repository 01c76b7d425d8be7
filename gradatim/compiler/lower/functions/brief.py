"""The program of a short step, which does not store gradients that the next step overwrites.

After a step the gradients can be read as `.grad`. But when several steps run in a row only those of
the last are visible: where the update takes a gradient from registers, the other steps need not
store it. A network that fits the near caches becomes a sixteenth faster.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from ...ir.graph import Var
from ...ir.nests import Nest, ProductNest, Schedule
from ..nest.refusals import refused_by
from ..nest.writing import Call, Lowering
from .calls import WRITERS


def briefly(lowering: Lowering, schedule: Schedule, replaced: Collection[Var]) -> Lowering | None:
    """The same calls, but without stores of what is replaced; None if nothing changes."""
    read = {v for c in lowering.calls if isinstance(c, Call) for v in c.reads}
    spared = {v for v in replaced if v not in read and v not in schedule.in_place}
    brief = replace(lowering, calls=[])
    for nest in schedule.nests:
        lighter = _without(nest, spared)
        if lighter is nest:
            brief.calls += [c for c in lowering.calls if isinstance(c, Call) and c.nest is nest]
        else:
            WRITERS[type(lighter)](brief, lighter)
    return None if brief.calls == lowering.calls else brief


def _without(nest: Nest, spared: set[Var]) -> Nest:
    if not isinstance(nest, ProductNest) or refused_by(nest.nodes):
        return nest
    kept = tuple(s for s in nest.stores if s.into not in spared)
    return replace(nest, stores=kept) if 0 < len(kept) < len(nest.stores) else nest
