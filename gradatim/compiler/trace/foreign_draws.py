"""Draws from Python's and NumPy's generators: a trace takes their numbers for constants."""

from __future__ import annotations

import random
import sys
from typing import Any


def generator_states() -> dict[str, Any]:
    """The states of the global generators, by the names under which users know them."""
    states: dict[str, Any] = {"random": random.getstate()}
    numpy_random = sys.modules.get("numpy.random")  # not imported for this
    if numpy_random is not None:
        _, words, *rest = numpy_random.get_state()
        states["numpy.random"] = (words.tobytes(), *rest)
    return states


def drawn_since(before: dict[str, Any]) -> list[str]:
    """The generators that were drawn from since `generator_states` gave `before`."""
    now = generator_states()
    return [name for name, state in before.items() if now[name] != state]
