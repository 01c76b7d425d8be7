"""Reading batches by their indices, in this process or in a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from ..._tensor.interchange import from_numpy
from ..._tensor.tensor import Tensor
from .collate import default_collate
from .datasets import IterableDataset, Subset, TensorDataset, samples_at

_SHOWN = 8  # indices shown in a message

Fetch = Callable[[Any], Any]


@dataclass(frozen=True)
class BatchReader:
    """Reads batches of a dataset; used in this process and in workers alike."""

    dataset: Any
    collate: Callable[[Any], Any]
    batched: bool
    drop_last: bool

    def start(self) -> Fetch:
        """A function from the sampler's indices to a batch; a stream starts over.

        The function raises StopIteration at the end of a stream.
        """
        if isinstance(self.dataset, IterableDataset):
            return self._next_of(iter(self.dataset))
        if not self.batched:
            return lambda index: self.collate(samples_at(self.dataset, [index])[0])
        table = table_behind(self.dataset) if self.collate is default_collate else None
        return self._batch if table is None else self._batch_of(table)

    def _batch(self, indices: list[Any]) -> Any:
        samples = samples_at(self.dataset, indices)
        try:
            return self.collate(samples)
        except Exception as error:
            shown = ", ".join(map(repr, indices[:_SHOWN])) + ", ..." * (len(indices) > _SHOWN)
            error.add_note(f"This happened when the samples at {shown} were made a batch.")
            raise

    def _batch_of(self, table: Table) -> Fetch:
        def fetch(indices: list[Any]) -> Any:
            try:
                return table.rows(indices)
            except (IndexError, TypeError, ValueError, OverflowError):
                return self._batch(indices)  # raises with the index in its message

        return fetch

    def _next_of(self, stream: Iterator[Any]) -> Fetch:
        if not self.batched:
            return lambda _: self.collate(next(stream))

        def fetch(places: list[Any]) -> Any:
            samples = list(islice(stream, len(places)))
            if len(samples) < (len(places) if self.drop_last else 1):
                raise StopIteration
            return self.collate(samples)

        return fetch


@dataclass(frozen=True)
class Table:
    """Tensors whose rows are the samples, so that a batch is one read per tensor."""

    tensors: tuple[Tensor, ...]
    order: np.ndarray | None  # the rows in the dataset's order, if it is a subset

    def rows(self, indices: list[Any]) -> list[Tensor]:
        """The result of `default_collate` for the samples at `indices`."""
        places = np.array(indices)
        if places.dtype != np.int64 or places.ndim != 1:
            raise TypeError("not a list of whole numbers")
        if self.order is not None:
            places = self.order[places]
        return [from_numpy(tensor.numpy()[places]) for tensor in self.tensors]


def table_behind(dataset: Any) -> Table | None:
    """The table behind a `TensorDataset` or a subset of one; else None.

    Subclasses, which may override access, and tensors with a gradient are read sample by sample.
    """
    order = None
    while type(dataset) is Subset:
        part = np.array(dataset.indices)
        if part.dtype != np.int64 or part.ndim != 1 or (part.size and part.min() < 0):
            return None
        try:
            order = part if order is None else part[order]
        except IndexError:
            return None
        dataset = dataset.dataset
    plain = type(dataset) is TensorDataset and not any(t.requires_grad for t in dataset.tensors)
    return Table(dataset.tensors, order) if plain else None
