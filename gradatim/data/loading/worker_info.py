"""Who am I: what a dataset can ask inside a worker."""

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


def become(info: WorkerInfo) -> None:
    """From now on this process is the worker `info`."""
    _here[:] = [info]
