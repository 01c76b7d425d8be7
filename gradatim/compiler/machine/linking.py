"""Linking object files in memory, on Linux with x86-64.

LLVM can do this too, but loading it takes 80 megabytes and a tenth of a second: more than all else
in a start whose programs are cached. Anything unusual is left to LLVM.
"""

from __future__ import annotations

import ctypes
import mmap
import platform
import sys
from collections.abc import Sequence
from functools import cache

from ...core.placement import LINE
from .object_file import ObjectFile, Strange, Symbol


class Linked:
    """Machine code in memory: the addresses of its functions by name, until it is freed.

    Errors: Strange for what this linker does not support; OSError if the system gives no memory.
    """

    def __init__(self, objects: Sequence[ObjectFile]) -> None:
        self._size = 0
        begins = [{i: self._room(s.size, s.align) for i, s in o.loaded.items()} for o in objects]
        self._begin = _map(self._size)
        try:
            self.addresses = self._fill(objects, begins)
            _make_executable(self._begin, self._size)
        except BaseException:
            self.free()
            raise

    def free(self) -> None:
        """Unmap the memory: none of its code may be running."""
        _c_library().munmap(self._begin, self._size)

    def _room(self, size: int, align: int) -> int:
        """The offset of the next section."""
        begin = self._size + -self._size % max(align, LINE)
        self._size = begin + size
        return begin

    def _fill(
        self, objects: Sequence[ObjectFile], begins: Sequence[dict[int, int]]
    ) -> dict[str, int]:
        places = [{i: self._begin + begin for i, begin in each.items()} for each in begins]
        known = {
            s.name: at[s.section] + s.value
            for o, at in zip(objects, places, strict=True)
            for s in o.symbols
            if s.section in at and not s.is_local
        }
        for o, at in zip(objects, places, strict=True):
            for i, section in o.loaded.items():
                ctypes.memmove(at[i], o.bytes_of(section), section.size)
            for r in o.relocations:
                word = ctypes.c_uint64.from_address(at[r.section] + r.place)
                word.value = _address(o.symbols[r.symbol], at, known) + r.addend
        return known


def is_possible() -> bool:
    """Whether this system's object files are supported."""
    return sys.platform == "linux" and platform.machine() == "x86_64"


def link(objects: Sequence[bytes]) -> Linked | None:
    """Link object files in memory; None if LLVM has to do it.

    Errors: Damaged for one that is truncated or altered.

    >>> link([b"something else"]) is None
    True
    """
    if not is_possible():
        return None
    try:
        return Linked([ObjectFile(content) for content in objects])
    except (Strange, OSError):
        return None


def _address(symbol: Symbol, places: dict[int, int], known: dict[str, int]) -> int:
    """The address of a symbol: in this object, in one of the others, or in the C library."""
    if symbol.section in places:
        return places[symbol.section] + symbol.value
    if symbol.section:
        raise Strange(f"{symbol.name} is not in memory")
    return known.get(symbol.name) or _in_c_library(symbol.name)


def _in_c_library(name: str) -> int:
    try:
        function = getattr(_c_library(), name)
    except AttributeError:
        raise Strange(f"{name} is nowhere") from None
    return ctypes.cast(function, ctypes.c_void_p).value or 0


# -- the system's part ---------------------------------------------------------------------------


@cache
def _c_library() -> ctypes.CDLL:
    library = ctypes.CDLL(None, use_errno=True)
    size, pointer, number = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_int
    library.mmap.restype = pointer
    library.mmap.argtypes = pointer, size, number, number, number, ctypes.c_long
    library.mprotect.argtypes = pointer, size, number
    library.munmap.argtypes = pointer, size
    return library


def _map(size: int) -> int:
    """New private memory: after a fork the child has a copy of its own."""
    how = mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    begin: int = _c_library().mmap(None, size, *how, -1, 0)
    if begin in (None, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), "no memory for machine code")
    return begin


def _make_executable(begin: int, size: int) -> None:
    if _c_library().mprotect(begin, size, mmap.PROT_READ | mmap.PROT_EXEC):
        raise OSError(ctypes.get_errno(), "memory cannot be made executable")
