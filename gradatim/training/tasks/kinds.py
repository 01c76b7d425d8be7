"""The kinds of models."""

from __future__ import annotations

from typing import Any

from ...models import Entry
from .letters import LETTERS
from .sequences import SEQUENCES
from .task import Kind, Known

KINDS = {"letters": LETTERS, "sequences": SEQUENCES}


def kind_of(entry: Entry) -> Kind:
    """The kind of a model: how it reads data and produces output."""
    return KINDS[entry.kind]


def known_in(position: dict[str, Any]) -> Known:
    """What a checkpoint records of its data; early versions stored it as "words"."""
    known: Known = position["data"] if "data" in position else position["words"]
    return known
