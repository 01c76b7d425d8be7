"""The name under which a program is kept: all that has a say in what its machine code is."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from . import llvm
from .target import Target

_SAYING = ("core", "ops", "compiler")


def cache_key(graph: str, target: Target) -> str:
    """The name of a program: its graph, the machine, and every version that has a say."""
    parts = [graph, target.key, llvm.said().versions, _own_version()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@cache
def _own_version() -> str:
    """A checksum of the compiler's files, those that say what an operation is, and the version's.

    A graph only names its composites: what they are made of stands in `ops`.
    """
    here = str(Path(__file__).parents[2])
    digest = hashlib.sha256()
    for path in (f"{here}/__init__.py", *(p for room in _SAYING for p in _sources(here, room))):
        digest.update(f"\n{path[len(here) :]}\n".encode())
        digest.update(Path(path).read_bytes())
    return digest.hexdigest()


def _sources(folder: str, name: str) -> Iterator[str]:
    """Files of Python, in order; with `Path.rglob` it takes three times as long."""
    with os.scandir(f"{folder}/{name}") as found:
        for entry in sorted(found, key=lambda entry: entry.name):
            if entry.is_dir():
                yield from _sources(f"{folder}/{name}", entry.name)
            elif entry.name.endswith(".py"):
                yield f"{folder}/{name}/{entry.name}"
