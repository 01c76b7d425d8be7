"""A run's numbers over time: one JSON object per line, flushed as it is written.

A line is `{"event": "train", "step": 100, ...}` or `{"event": "eval", ...}`. JSON has no nan or
infinity, so these are written as the strings "NaN", "Infinity" and "-Infinity".
"""

import contextlib
import json
import math
import os
from pathlib import Path
from typing import Any

from ..core.files import write_atomically
from .errors import Failure

Record = dict[str, Any]
_LAST_BYTES = 4096  # several records
_NAMES = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def encode(record: Record) -> str:
    """One record as a line of valid JSON.

    >>> encode({"step": 3, "loss": float("nan")})
    '{"step": 3, "loss": "NaN"}'
    """
    plain = {key: json_number(value) for key, value in record.items()}
    return json.dumps(plain, ensure_ascii=True, allow_nan=False)


def json_number(value: Any) -> Any:
    """The value, or its name if it is a number that JSON cannot represent.

    >>> json_number(float("inf")), json_number(1.5)
    ('Infinity', 1.5)
    """
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def decode(line: str) -> Record | None:
    """The record of a line, or None if the line was torn by a crash.

    >>> decode('{"step": 3, "loss": "NaN"}')
    {'step': 3, 'loss': nan}
    >>> decode('{"step": 3, "lo') is None
    True
    """
    try:
        record = json.loads(line)
    except ValueError:
        return None
    if not isinstance(record, dict) or not isinstance(record.get("step"), int):
        return None
    return {key: plain_number(value) for key, value in record.items()}


def plain_number(value: Any) -> Any:
    """The inverse of `json_number`.

    >>> plain_number("-Infinity"), plain_number("train")
    (-inf, 'train')
    """
    return _NAMES.get(value, value) if isinstance(value, str) else value


def read_metrics(path: Path) -> list[Record]:
    """All complete records of a file, in order; a missing file has none."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    return [record for line in text.splitlines() if (record := decode(line)) is not None]


def last_step(path: Path) -> int:
    """The step of the last complete record, read from the end of the file; 0 if there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LAST_BYTES))
            lines = file.read().decode("utf-8", errors="replace").splitlines()
    except OSError:
        return 0
    records = (decode(line) for line in reversed(lines))
    return next((int(record["step"]) for record in records if record is not None), 0)


def cut_back(path: Path, *, step: int) -> None:
    """Remove what a run resumed after `step` will write again, and a torn last line.

    These are the records of later steps, and the final losses of a finished run.
    """
    records = read_metrics(path)
    kept = [r for r in records if r["step"] <= step and r.get("event") != "final"]
    text = "".join(encode(record) + "\n" for record in kept)
    if not path.exists() or path.read_bytes() != text.encode("utf-8"):
        write_atomically(path, text.encode("utf-8"))


class MetricsLog:
    """A metrics file open for appending; every record is flushed to the operating system."""

    def __init__(self, path: Path):
        self.path = path
        self._file = path.open("a", encoding="utf-8", newline="\n")

    def append(self, record: Record) -> None:
        """Add one record. Errors: Failure if the disk is full or the file cannot be written."""
        try:
            self._file.write(encode(record) + "\n")
            self._file.flush()
        except OSError as error:
            raise Failure(f"cannot write {self.path} ({error.strerror})") from error

    def sync(self) -> None:
        """Wait until every record is on disk, so that no checkpoint is ahead of them."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file; errors of a full disk have been reported already."""
        with contextlib.suppress(OSError):
            self._file.close()

    def __enter__(self) -> "MetricsLog":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
