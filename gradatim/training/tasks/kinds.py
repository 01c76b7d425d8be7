"""The kinds of models."""

from __future__ import annotations

from ...models import Entry
from .letters import LETTERS
from .sequences import SEQUENCES
from .task import Kind

KINDS = {"letters": LETTERS, "sequences": SEQUENCES}


def kind_of(entry: Entry) -> Kind:
    """The kind of a model: how it reads data and produces output."""
    return KINDS[entry.kind]
