"""PyTorch's stored answers to `nn_cases`."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from tests.reference.nn_cases import GROUPS, lines


@cache
def _all() -> dict[str, Any]:
    return json.loads(Path(__file__).with_name("nn.json").read_text(encoding="utf-8"))


def cases(group: str) -> list[str]:
    """The programs of a group."""
    return lines(GROUPS[group][0])


def answers(group: str) -> dict[str, Any]:
    """What PyTorch answered to each."""
    return _all()[group]
