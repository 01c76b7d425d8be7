"""When a tensor that was there before last became another one inside.

It is another one if it has other memory, wants a gradient that it did not want (or the other way
round), or has other hooks. That happens seldom. Compiled programs rely on hundreds of tensors to
stay what they are: they compare one number before a call, and look at the tensors only if it
changed.
"""

from __future__ import annotations

from .storage import tick


class Settled:
    """The time of the last such change, of any tensor."""

    __slots__ = ("since",)

    def __init__(self) -> None:
        self.since = 0


settled = Settled()


def unsettle() -> None:
    """Say, afterwards, that a `_value` is another, or that an `_edge` or a hook came or went."""
    settled.since = tick()
