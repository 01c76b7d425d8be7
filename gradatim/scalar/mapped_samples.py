"""Samples from a file that does not fit in memory: the file is memory-mapped, not read.

The operating system loads only the pages of a memory map that are accessed, and evicts them when
memory is short. A mini-batch of ten rows costs ten small reads, however large the file is.

The file is a header of 16 bytes, `GRADROWS` and the number of columns, then the rows as 64-bit
floats, all little-endian; the last column is the target.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, overload

from .samples import Sample

__all__ = ["MappedSamples", "write_samples"]

_HEADER = struct.Struct("<8sQ")
_MAGIC = b"GRADROWS"


class MappedSamples(Sequence[Sample]):
    """The samples in a file written by `write_samples`, each read when it is accessed.

    An ordinary sequence: `random.sample(samples, 10)` reads ten rows. Close it when done, or use it
    in a `with` statement.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "samples.bin")
    >>> write_samples(path, [([0.5, 1.0], -1.0), ([2.0, 3.0], 1.0)])
    >>> with MappedSamples(path) as samples:
    ...     len(samples), samples[1]
    (2, ([2.0, 3.0], 1.0))
    >>> folder.cleanup()
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        with Path(path).open("rb") as file:
            columns, self._rows = _read_shape(file, path)
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._row = struct.Struct(f"<{columns}d")

    def __len__(self) -> int:
        return self._rows

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> list[Sample]: ...
    def __getitem__(self, index: int | slice) -> Sample | list[Sample]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self._rows))]
        i = index + self._rows if index < 0 else index
        if not 0 <= i < self._rows:
            raise IndexError(f"sample {index} of {self._rows}")
        *inputs, wanted = self._row.unpack_from(self._map, _HEADER.size + i * self._row.size)
        return inputs, wanted

    def close(self) -> None:
        """Unmap the file."""
        self._map.close()

    def __enter__(self) -> MappedSamples:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def write_samples(path: str | os.PathLike[str], samples: Iterable[Sample]) -> None:
    """Write samples, one at a time, to a file for `MappedSamples`.

    The file appears under its name only when it is complete. All samples must have equally many
    inputs.
    """
    path = Path(path)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            _write_rows(file, samples)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _write_rows(file: BinaryIO, samples: Iterable[Sample]) -> None:
    row: struct.Struct | None = None
    for i, (inputs, wanted) in enumerate(samples):
        if row is None:
            row = struct.Struct(f"<{len(inputs) + 1}d")
            file.write(_HEADER.pack(_MAGIC, len(inputs) + 1))
        if 8 * (len(inputs) + 1) != row.size:
            raise ValueError(f"sample {i} has {len(inputs)} inputs, the first {row.size // 8 - 1}")
        file.write(row.pack(*inputs, wanted))
    if row is None:
        raise ValueError("there are no samples to write")


def _read_shape(file: BinaryIO, path: str | os.PathLike[str]) -> tuple[int, int]:
    """Return the numbers of columns and rows. Errors: ValueError if the format is wrong."""
    header = file.read(_HEADER.size)
    if len(header) < _HEADER.size or not header.startswith(_MAGIC):
        raise ValueError(f"{os.fspath(path)} is not a file of samples: make one by write_samples()")
    columns = _HEADER.unpack(header)[1]
    rows, rest = divmod(file.seek(0, os.SEEK_END) - _HEADER.size, 8 * max(1, columns))
    if columns < 1 or rows < 1 or rest:
        raise ValueError(
            f"{os.fspath(path)} is truncated or damaged: {rest} bytes are left after "
            f"{rows} rows of {columns} columns; write it again"
        )
    return columns, rows
