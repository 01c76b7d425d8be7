"""What nobody tells of (`core/changes.py`): the part of the guards to be asked before every call.

Of a dictionary that tells of its changes only who it is can be another without a word, and of what
is in it only what is inside of that, such as the items of a list. So of an optimiser's state, two
hundred places of a step, one is left.
"""

from __future__ import annotations

from .containers import Items
from .held import Held, Number, Thing
from .place import Place, Way


def untold(place: Place) -> Place:
    """The place with those below it of which nobody tells."""
    left = _left(place, is_told=False)
    assert left is not None
    return left


def _left(place: Place, *, is_told: bool) -> Place | None:
    """What is left of a place; None for nothing. It `is_told` if it holds another thing."""
    held = place.held
    teller = held.teller if isinstance(held, Items) else None
    below = [_left(p, is_told=teller is not None) for p in place.below]
    if any(below) and not all(below) and place.below[0].way is Way.EACH:
        return place  # they are read together, so all are asked
    asked: Held | None = held if teller is None else teller
    if is_told and (teller is not None or isinstance(held, Number | Thing)):
        asked = None
    found = Place(place.way, place.key, place.path)
    found.held, found.below = asked, [p for p in below if p is not None]
    return None if is_told and asked is None and not found.below else found
