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
    """Batches one after the other.

    The loader may keep this, so this does not keep the loader: both would live on in a circle, and
    the workers with them.
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
        """The next batch, or StopIteration."""


class InProcessBatches(Batches):
    """Batches read in this process, each when it is asked for."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__(loader)
        self.fetch = loader.reading().start()

    def next_batch(self) -> Any:
        """The next batch, or StopIteration."""
        return self.fetch(next(self.sampler))


class WorkerBatches(Batches):
    """Batches read by worker processes, ahead of when they are asked for."""

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
        """The next pass, with the workers of the last one; they go on with their numbers."""
        self._start(loader)
        self.epoch = self._epoch(loader, self.epoch.number + 1)

    def _epoch(self, loader: DataLoader[Any], number: int) -> Epoch:
        ahead = loader.prefetch_factor or 1
        return Epoch(
            self.workers, self.sampler, number=number, ahead=ahead, in_order=loader.in_order
        )

    def next_batch(self) -> Any:
        """The next batch, or StopIteration; then the workers go home, unless they are kept."""
        try:
            return next(self.epoch)
        except StopIteration:
            if not self.kept:
                self.workers.close()
            raise
