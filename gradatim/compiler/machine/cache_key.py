"""The key of a cached program: a checksum of everything its machine code depends on."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from . import llvm
from .target import Target

_ROOMS = ("core", "ops", "compiler")  # packages that determine the code


def cache_key(graph: str, target: Target) -> str:
    """The key of a program: its graph, the machine, and all versions that matter."""
    parts = [graph, target.key, llvm.host_info().versions, _own_version()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@cache
def _own_version() -> str:
    """A checksum of the source of all `_ROOMS`, and of the file with the version number.

    A graph only names its composites: how they decompose is in `ops`.
    """
    here = str(Path(__file__).parents[2])
    digest = hashlib.sha256()
    for path in (f"{here}/__init__.py", *(p for room in _ROOMS for p in _sources(here, room))):
        digest.update(f"\n{path[len(here) :]}\n".encode())
        digest.update(Path(path).read_bytes())
    return digest.hexdigest()


def _sources(folder: str, name: str) -> Iterator[str]:
    """Python files, in order; `Path.rglob` would take three times as long."""
    with os.scandir(f"{folder}/{name}") as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.is_dir():
                yield from _sources(f"{folder}/{name}", entry.name)
            elif entry.name.endswith(".py"):
                yield f"{folder}/{name}/{entry.name}"
