"""Parsing object files: 64-bit little-endian ELF.

    sections      code and constants, to be loaded into memory
    symbols       names of places in sections, or of external ones
    relocations   where the address of a symbol is to be written into a section

https://gabi.xinuos.com; for the x86-64 numbers, https://gitlab.com/x86-psABIs/x86-64-ABI.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

_MAGIC = b"\x7fELF\x02\x01"
_OBJECT, _X86_64 = 1, 62
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION, _SYMBOL, _RELOCATION = "<IIQQQQIIQQ", "<IBBHQQ", "<QIIq"
_ADDRESS = 1  # R_X86_64_64, the only relocation in code of the large code model
_SYMBOLS, _RELOCATIONS, _ZEROS = 2, 4, 8  # section types
_WRITABLE, _IN_MEMORY = 1, 2  # section flags
_PAGE, _WORD = 4096, 8  # bytes of a page, and of an address


class Strange(ValueError):
    """A valid object file with features that are not supported here."""


class Damaged(ValueError):
    """An object file that was truncated or altered: it refers to what is not there."""


class Section(NamedTuple):
    """An entry of the section table."""

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
    """A name, and its place: an offset in a section; section 0 means undefined."""

    name: str
    section: int
    value: int
    is_local: bool


class Relocation(NamedTuple):
    """An address to write: that of a symbol, by its index, plus an addend, at a place."""

    section: int
    place: int
    symbol: int
    addend: int


class ObjectFile:
    """An x86-64 object file. Everything it refers to was checked to be in the file.

    Errors: Strange for other kinds of files, or writable sections; Damaged.
    """

    def __init__(self, content: bytes) -> None:
        if not _MAGIC.startswith(content[: len(_MAGIC)]):
            raise Strange("not a 64-bit ELF file")
        self._content = content
        head = self._part(0, _HEADER.size)
        _, kind, machine, *_, begin, _, _, _, _, row, count, _ = _HEADER.unpack(head)
        if (kind, machine) != (_OBJECT, _X86_64):
            raise Strange("not an x86-64 object file")
        _check(row == struct.calcsize(_SECTION), "its section table has entries of another size")
        self._sections = [Section(*x) for x in self._rows(_SECTION, begin, count * row)]
        self.loaded = {i: s for i, s in enumerate(self._sections) if s.flags & _IN_MEMORY}
        if any(s.flags & _WRITABLE or s.kind == _ZEROS for s in self.loaded.values()):
            raise Strange("it has writable sections")
        for s in self.loaded.values():
            self._part(s.begin, s.size)
            _check(s.align <= _PAGE and not s.align & s.align - 1, "a section has a bad alignment")
        self.symbols = [*self._read_symbols()]
        self.relocations = [*self._read_relocations()]

    def bytes_of(self, section: Section) -> bytes:
        """The content of a section."""
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
                    _check(home is None or value <= home.size, "a symbol is past its section's end")
                    text = names[name:end].decode(errors="replace")
                    yield Symbol(text, section, value, is_local=not info >> 4)

    def _read_relocations(self) -> Iterator[Relocation]:
        for table in self._sections:
            home = self.loaded.get(table.info)
            if table.kind == _RELOCATIONS and home is not None:
                for place, kind, symbol, addend in self._rows(_RELOCATION, table.begin, table.size):
                    if kind != _ADDRESS:
                        raise Strange(f"relocation of kind {kind}")
                    _check(place + _WORD <= home.size, "an address reaches past its section's end")
                    _check(symbol < len(self.symbols), "a relocation has no symbol")
                    yield Relocation(table.info, place, symbol, addend)


def _check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Damaged(f"the object file was cut or altered: {otherwise}")
