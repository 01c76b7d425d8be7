"""`get_worker_info`: information for a dataset inside a worker process."""

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
    """The `WorkerInfo` of this `DataLoader` worker, or None outside of workers.

    >>> get_worker_info() is None
    True
    """
    return _here[0] if _here else None


def set_worker_info(info: WorkerInfo) -> None:
    """Set what `get_worker_info` returns in this process."""
    _here[:] = [info]
