"""The part of the guards to check before every call: what does not report its changes.

Objects that report changes are described in `core/changes.py`. Of a dictionary that does, only its
identity can change unreported, and of its items only what is inside them, such as the items of a
list. Of an optimiser's state, two hundred places of a step, one remains.
"""

from __future__ import annotations

from .containers import Items
from .held import Held, Number, Thing
from .place import Place, Way


def unreported(place: Place) -> Place:
    """A copy of the place without the places below it whose changes are reported."""
    left = _left(place, is_told=False)
    assert left is not None
    return left


def _left(place: Place, *, is_told: bool) -> Place | None:
    """What remains of a place, None if nothing; `is_told` if a change of its value is reported."""
    held = place.held
    teller = held.teller if isinstance(held, Items) else None
    below = [_left(p, is_told=teller is not None) for p in place.below]
    if any(below) and not all(below) and place.below[0].way is Way.EACH:
        return place  # they are read together, so all are asked
    guard: Held | None = held if teller is None else teller
    if is_told and (teller is not None or isinstance(held, Number | Thing)):
        guard = None
    rest = Place(place.way, place.key, place.path)
    rest.held, rest.below = guard, [p for p in below if p is not None]
    return None if is_told and guard is None and not rest.below else rest
