"""`get_worker_info`: what a dataset can find out inside a worker process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class WorkerInfo:
    """One of several workers: its number, how many there are, its seed, its copy of the dataset."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


_here: list[WorkerInfo] = []  # empty in the main process


def get_worker_info() -> WorkerInfo | None:
    """What this worker of a `DataLoader` is, or None outside of workers.

    >>> get_worker_info() is None
    True
    """
    return _here[0] if _here else None


def set_worker_info(info: WorkerInfo) -> None:
    """Make `get_worker_info` return `info` in this process from now on."""
    _here[:] = [info]
