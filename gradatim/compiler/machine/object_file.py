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
_ADDRESS = 1  # R_X86_64_64, the only relocation of code that may lie far from what it calls
_SYMBOLS, _RELOCATIONS, _ZEROS = 2, 4, 8  # kinds of sections
_WRITABLE, _IN_MEMORY = 1, 2  # flags of sections
_PAGE, _WORD = 4096, 8  # bytes: of what memory is mapped in, and of an address


class Strange(ValueError):
    """An object file with something in it that is not understood here."""


class Damaged(ValueError):
    """An object file that was cut or altered: it speaks of what is not there."""


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
    symbol: int
    addend: int


class ObjectFile:
    """An object file of x86-64. Whatever it points at is there.

    Errors: Strange for another kind of file, or memory that can be written; Damaged.
    """

    def __init__(self, content: bytes) -> None:
        if not _MAGIC.startswith(content[: len(_MAGIC)]):
            raise Strange("no object file of this format")
        self._content = content
        head = self._part(0, _HEADER.size)
        _, kind, machine, *_, begin, _, _, _, _, row, count, _ = _HEADER.unpack(head)
        if (kind, machine) != (_OBJECT, _X86_64):
            raise Strange("no object file of x86-64")
        _check(row == struct.calcsize(_SECTION), "its table of sections has rows of another size")
        self._sections = [Section(*x) for x in self._rows(_SECTION, begin, count * row)]
        self.loaded = {i: s for i, s in enumerate(self._sections) if s.flags & _IN_MEMORY}
        if any(s.flags & _WRITABLE or s.kind == _ZEROS for s in self.loaded.values()):
            raise Strange("it has memory that can be written")
        for s in self.loaded.values():
            self._part(s.begin, s.size)
            _check(s.align <= _PAGE and not s.align & s.align - 1, "a section lies at no place")
        self.symbols = [*self._read_symbols()]
        self.relocations = [*self._read_relocations()]

    def bytes_of(self, section: Section) -> bytes:
        """What a section has to hold in memory."""
        return self._part(section.begin, section.size)

    def _part(self, begin: int, size: int) -> bytes:
        _check(begin + size <= len(self._content), "it ends too early")
        return self._content[begin : begin + size]

    def _rows(self, form: str, begin: int, size: int) -> Iterator[tuple[Any, ...]]:
        _check(size % struct.calcsize(form) == 0, "a table ends within a row")
        return struct.iter_unpack(form, self._part(begin, size))

    def _read_symbols(self) -> Iterator[Symbol]:
        for table in self._sections:
            if table.kind == _SYMBOLS:
                _check(table.link < len(self._sections), "its symbols have no names")
                names = self.bytes_of(self._sections[table.link])
                for name, info, _, section, value, _ in self._rows(
                    _SYMBOL, table.begin, table.size
                ):
                    end = names.find(0, name)
                    _check(end >= 0, "a symbol has no name")
                    home = self.loaded.get(section)
                    _check(home is None or value <= home.size, "a symbol is behind its section")
                    text = names[name:end].decode(errors="replace")
                    yield Symbol(text, section, value, is_local=not info >> 4)

    def _read_relocations(self) -> Iterator[Relocation]:
        for table in self._sections:
            home = self.loaded.get(table.info)
            if table.kind == _RELOCATIONS and home is not None:
                for place, kind, symbol, addend in self._rows(_RELOCATION, table.begin, table.size):
                    if kind != _ADDRESS:
                        raise Strange(f"relocation of kind {kind}")
                    _check(place + _WORD <= home.size, "an address goes behind its section")
                    _check(symbol < len(self.symbols), "an address of no symbol")
                    yield Relocation(table.info, place, symbol, addend)


def _check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Damaged(f"the object file was cut or altered: {otherwise}")
