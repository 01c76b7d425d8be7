"""Which kinds of models there are."""

from __future__ import annotations

from typing import Any

from ...models import Entry
from .letters import LETTERS
from .sequences import SEQUENCES
from .task import Kind, Known

KINDS = {"letters": LETTERS, "sequences": SEQUENCES}


def kind_of(entry: Entry) -> Kind:
    """How a model gets its data and answers."""
    return KINDS[entry.kind]


def known_in(position: dict[str, Any]) -> Known:
    """What a checkpoint remembers of its data; the first ones called them words."""
    known: Known = position["data"] if "data" in position else position["words"]
    return known
