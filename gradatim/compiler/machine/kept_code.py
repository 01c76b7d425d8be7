"""Cached machine code, loaded into memory."""

from __future__ import annotations

from . import cache, engine
from .object_file import Damaged

_CODE = "code"  # prefix of the names of all objects among the parts


def kept_code(key: str) -> tuple[engine.Loaded, dict[str, bytes]] | None:
    """The loaded code of a cached program, and all its parts.

    None if it is not cached, or if an object is damaged: then the program is compiled anew.
    """
    parts = cache.load(key)
    if parts is None:
        return None
    try:
        return engine.load(*(part for name, part in parts.items() if name.startswith(_CODE))), parts
    except Damaged:
        return None
