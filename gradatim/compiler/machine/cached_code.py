"""Machine code from the cache, loaded into memory; or compiled and cached now."""

from __future__ import annotations

from collections.abc import Callable

from . import cache, engine
from .cache_key import cache_key
from .object_file import Damaged
from .target import host

_CODE = "code"  # prefix of the names of all objects among the parts


def cached_code(key: str) -> tuple[engine.Loaded, dict[str, bytes]] | None:
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


def code_of(text: str, compiling: Callable[[], None] = lambda: None) -> engine.Loaded:
    """The machine code for a text on this machine; `compiling` is called if it is not cached."""
    key = cache_key(text, host())
    cached = cached_code(key)
    if cached is not None:
        return cached[0]
    compiling()
    code = engine.compile_object(text, host())
    cache.store(key, {"code": code})
    return engine.load(code)
