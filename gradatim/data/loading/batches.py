"""One pass over the batches of a `DataLoader`: the iterators behind `for batch in loader`."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .samplers import draw_seed
from .workers import Epoch, Workers

if TYPE_CHECKING:
    from .loader import DataLoader


class Batches(ABC):
    """An iterator over batches.

    The loader may hold a reference to it, so it holds none to the loader: the cycle would keep
    both, and the workers, alive.
    """

    def __init__(self, loader: DataLoader[Any]) -> None:
        self.indices = loader.indices()
        self._start(loader)
        self.base_seed = draw_seed(loader.generator)

    def _start(self, loader: DataLoader[Any]) -> None:
        self.sampler = iter(self.indices)
        self.given, self.promised = 0, loader.promised

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        batch = self.next_batch()
        self.given += 1
        if self.promised is not None and self.given > self.promised:
            warnings.warn(
                f"DataLoader: the stream said it has {self.promised} samples, but gave"
                f" {self.given} so far; with workers, does each read only its share of it?",
                stacklevel=2,
            )
        return batch

    def __len__(self) -> int:
        return len(self.indices)  # type: ignore[arg-type]

    @abstractmethod
    def next_batch(self) -> Any:
        """The next batch. Errors: StopIteration at the end."""


class InProcessBatches(Batches):
    """Batches read in this process on demand."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__(loader)
        self.fetch = loader.reading().start()

    def next_batch(self) -> Any:
        """The next batch. Errors: StopIteration at the end."""
        return self.fetch(next(self.sampler))


class WorkerBatches(Batches):
    """Batches read ahead of time by worker processes."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__(loader)
        self.kept = loader.persistent_workers
        self.workers = Workers(
            loader.reading(),
            loader.num_workers,
            base_seed=self.base_seed,
            init=loader.worker_init_fn,
            context=loader.multiprocessing_context,
            timeout=loader.timeout,
        )
        self.epoch = self._epoch(loader, 0)

    def begin_again(self, loader: DataLoader[Any]) -> None:
        """Start the next pass with the workers of the last one; batch numbering continues."""
        self._start(loader)
        self.epoch = self._epoch(loader, self.epoch.number + 1)

    def _epoch(self, loader: DataLoader[Any], number: int) -> Epoch:
        ahead = loader.prefetch_factor or 1
        return Epoch(
            self.workers, self.sampler, number=number, ahead=ahead, in_order=loader.in_order
        )

    def next_batch(self) -> Any:
        """The next batch; at the end StopIteration, and workers exit unless persistent."""
        try:
            return next(self.epoch)
        except StopIteration:
            if not self.kept:
                self.workers.close()
            raise
