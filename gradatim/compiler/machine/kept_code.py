"""Machine code that was kept on disk, in memory again."""

from __future__ import annotations

from . import cache, engine
from .object_file import Damaged

_CODE = "code"  # so the names of all objects among the parts begin


def kept_code(key: str) -> tuple[engine.Loaded, dict[str, bytes]] | None:
    """What is kept under a key, ready to be called, and all its parts.

    None if nothing is, or if an object is not whole: then its program is compiled anew.
    """
    parts = cache.load(key)
    if parts is None:
        return None
    try:
        return engine.load(*(part for name, part in parts.items() if name.startswith(_CODE))), parts
    except Damaged:
        return None
