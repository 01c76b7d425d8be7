"""What is in an object file: the ELF format, 64 bits, the low byte first.

    sections      code and constants, which are to be in memory
    symbols       names of places in them, or of what is elsewhere
    relocations   where the address of a symbol is to be written into a section

https://gabi.xinuos.com; for the numbers of x86-64, https://gitlab.com/x86-psABIs/x86-64-ABI.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

_MAGIC = b"\x7fELF\x02\x01"
_OBJECT, _X86_64 = 1, 62
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION, _SYMBOL, _RELOCATION = "<IIQQQQIIQQ", "<IBBHQQ", "<QIIq"
_SYMBOLS, _RELOCATIONS, _ZEROS = 2, 4, 8  # kinds of sections
_WRITABLE, _IN_MEMORY = 1, 2  # flags of sections


class Strange(ValueError):
    """An object file with something in it that is not understood here."""


class Section(NamedTuple):
    """A part of the file, as its table of sections has it."""

    name: int
    kind: int
    flags: int
    address: int
    begin: int
    size: int
    link: int
    info: int
    align: int
    entry: int


class Symbol(NamedTuple):
    """A name, the section that it is a place in, and where there; section 0 is none."""

    name: str
    section: int
    value: int
    is_local: bool


class Relocation(NamedTuple):
    """At a place of the section: the address of a symbol, by its number, and something added."""

    section: int
    place: int
    kind: int
    symbol: int
    addend: int


class ObjectFile:
    """An object file of x86-64. Errors: Strange for another file, or memory that can be written."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        if len(content) < _HEADER.size:
            raise Strange("too short for an object file")
        magic, kind, machine, *_, begin, _, _, _, _, _, count, _ = _HEADER.unpack_from(content)
        if (magic[: len(_MAGIC)], kind, machine) != (_MAGIC, _OBJECT, _X86_64):
            raise Strange("no object file of x86-64")
        size = count * struct.calcsize(_SECTION)
        self._sections = [Section(*row) for row in self._rows(_SECTION, begin, size)]
        self.loaded = {i: s for i, s in enumerate(self._sections) if s.flags & _IN_MEMORY}
        if any(s.flags & _WRITABLE or s.kind == _ZEROS for s in self.loaded.values()):
            raise Strange("it has memory that can be written")
        self.symbols = [*self._read_symbols()]
        self.relocations = [*self._read_relocations()]

    def bytes_of(self, section: Section) -> bytes:
        """What a section has to hold in memory."""
        return self._content[section.begin :][: section.size]

    def _rows(self, form: str, begin: int, size: int) -> Iterator[tuple[Any, ...]]:
        return struct.iter_unpack(form, self._content[begin:][:size])

    def _read_symbols(self) -> Iterator[Symbol]:
        for table in self._sections:
            if table.kind == _SYMBOLS:
                names = self._sections[table.link].begin
                for name, info, _, section, value, _ in self._rows(
                    _SYMBOL, table.begin, table.size
                ):
                    end = self._content.index(0, names + name)
                    text = self._content[names + name : end].decode()
                    yield Symbol(text, section, value, is_local=not info >> 4)

    def _read_relocations(self) -> Iterator[Relocation]:
        for table in self._sections:
            if table.kind == _RELOCATIONS:
                for place, kind, symbol, addend in self._rows(_RELOCATION, table.begin, table.size):
                    yield Relocation(table.info, place, kind, symbol, addend)
