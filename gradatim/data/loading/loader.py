"""`DataLoader`: a dataset in batches, read in this process or by workers."""

from __future__ import annotations

import multiprocessing
import warnings
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from multiprocessing.context import BaseContext
from typing import Any, Generic, TypeVar

from ..._tensor.generators import Generator
from ...core.cores import usable_cores
from .batches import InProcessBatches, WorkerBatches
from .collate import default_collate, default_convert
from .datasets import IterableDataset
from .fetch import BatchReader
from .samplers import BatchSampler, RandomSampler, Sampler, SequentialSampler

T_co = TypeVar("T_co", covariant=True)

_FIXED = frozenset(
    ("batch_sampler", "batch_size", "dataset", "drop_last", "persistent_workers", "sampler")
)


class DataLoader(Generic[T_co]):
    """The samples of a dataset in batches: `for x, y in loader`.

    The arguments, the errors and, for the same seed, the order of samples are PyTorch's. A pass
    draws one number from the default generator, or from `generator`, and two with `shuffle`.

    With `num_workers`, that many processes read batches, `prefetch_factor` ahead each; the order of
    batches is the same. They start with Python's `multiprocessing` method ("fork" on Linux before
    Python 3.14 only), or with `multiprocessing_context`; unless it is "fork", the dataset is
    pickled and sent to them.
    Worker i seeds its random numbers with the pass's first number plus i.

    Errors: ValueError for arguments that exclude each other. An error in the dataset keeps its type
    and names the index where it happened; from a worker, its text includes the traceback.

    >>> import gradatim
    >>> from gradatim.utils.data import TensorDataset
    >>> data = TensorDataset(gradatim.arange(5.0), gradatim.arange(5))
    >>> _ = gradatim.manual_seed(0)
    >>> for x, y in DataLoader(data, batch_size=2, shuffle=True):
    ...     print(x, y)
    tensor([1., 4.]) tensor([1, 4])
    tensor([2., 3.]) tensor([2, 3])
    tensor([0.]) tensor([0])
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        multiprocessing_context: str | BaseContext | None = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        streams = isinstance(dataset, IterableDataset)
        if streams:
            _refuse_order(shuffle, sampler, batch_sampler)
        _check_order(batch_size, shuffle, sampler, batch_sampler, drop_last)
        if sampler is None:
            sampler = _default_sampler(dataset, streams, shuffle, generator)
        if batch_sampler is not None:
            batch_size = None
        elif batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)

        self.dataset = dataset
        self.batch_size = batch_size
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.num_workers = num_workers
        self.collate_fn = collate_fn or (
            default_convert if batch_sampler is None else default_collate
        )
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.drop_last = drop_last
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = _context(multiprocessing_context, num_workers)
        self.generator = generator
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.persistent_workers = persistent_workers
        self.in_order = in_order
        self.promised: int | None = None  # the length that a stream declared, once asked
        self._kept: WorkerBatches | None = None
        self._ready = True

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIXED and "_ready" in vars(self):
            raise ValueError(
                f"DataLoader: {name} is not to be set after the loader is made; make another"
            )
        super().__setattr__(name, value)

    def __iter__(self) -> Iterator[Any]:
        if self.pin_memory:
            warnings.warn(
                "DataLoader: pin_memory=True has no effect, as there is no accelerator",
                stacklevel=2,
            )
        if not self.num_workers:
            return InProcessBatches(self)
        if not self.persistent_workers:
            return WorkerBatches(self)
        if self._kept is None:
            self._kept = WorkerBatches(self)
        else:
            self._kept.begin_again(self)
        return self._kept

    def __len__(self) -> int:
        """The number of batches; for a stream, derived from the length it declares."""
        if not isinstance(self.dataset, IterableDataset):
            return len(self.indices())  # type: ignore[arg-type]
        self.promised = len(self.dataset)  # type: ignore[arg-type]
        if self.batch_size is None:
            return self.promised
        whole, rest = divmod(self.promised, self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def indices(self) -> Iterable[Any]:
        """An iterable over the indices of each batch, or of each sample without batching."""
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def reading(self) -> BatchReader:
        """All that a process needs to read the batches."""
        batched = self.batch_sampler is not None
        return BatchReader(self.dataset, self.collate_fn, batched, self.drop_last)


class _Endless(Sampler[None]):
    """For streams, which have no indices: only the number of samples per batch matters."""

    def __iter__(self) -> Iterator[None]:
        return repeat(None)


def _default_sampler(
    dataset: Any, streams: bool, shuffle: bool | None, generator: Generator | None
) -> Sampler[Any]:
    if streams:
        return _Endless()
    if shuffle:
        return RandomSampler(dataset, generator=generator)
    return SequentialSampler(dataset)


def _refuse_order(shuffle: Any, sampler: Any, batch_sampler: Any) -> None:
    options = (("shuffle", shuffle), ("sampler", sampler), ("batch_sampler", batch_sampler))
    for name, given in options:
        if given not in (None, False):
            raise ValueError(
                f"DataLoader: an IterableDataset gives its samples in its own order, got"
                f" {name}={given!r}; shuffle inside the dataset, or use a Dataset with indices"
            )


def _check_order(
    batch_size: int | None, shuffle: Any, sampler: Any, batch_sampler: Any, drop_last: bool
) -> None:
    if sampler is not None and shuffle:
        raise ValueError("DataLoader: a sampler says the order; leave out shuffle")
    if batch_sampler is not None:
        if batch_size != 1 or shuffle or sampler is not None or drop_last:
            raise ValueError(
                "DataLoader: a batch_sampler says what makes a batch; leave out batch_size,"
                " shuffle, sampler and drop_last"
            )
    elif batch_size is None and drop_last:
        raise ValueError("DataLoader: batch_size=None makes no batches; leave out drop_last")


def _check_workers(
    num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool
) -> None:
    if num_workers < 0:
        raise ValueError(f"DataLoader: num_workers is 0 or more, got {num_workers}")
    if timeout < 0:
        raise ValueError(f"DataLoader: timeout is a number of seconds, got {timeout}")
    if num_workers == 0:
        for name, given in (
            ("prefetch_factor", prefetch_factor is not None),
            ("persistent_workers", persistent_workers),
            ("timeout", timeout),
        ):
            if given:
                raise ValueError(f"DataLoader: {name} is about workers; give num_workers > 0")
        return
    if prefetch_factor is not None and prefetch_factor < 1:
        raise ValueError(f"DataLoader: prefetch_factor is 1 or more, got {prefetch_factor}")
    cores = usable_cores()
    if num_workers > cores:
        warnings.warn(
            f"DataLoader: {num_workers} worker processes are more than the {cores} cores that may"
            " be used, and can be slower than fewer",
            stacklevel=3,
        )


def _context(given: str | BaseContext | None, num_workers: int) -> BaseContext | None:
    if given is None:
        return None
    if not num_workers:
        raise ValueError(
            "DataLoader: multiprocessing_context is about workers; give num_workers > 0"
        )
    if isinstance(given, BaseContext):
        return given
    methods = multiprocessing.get_all_start_methods()
    if not isinstance(given, str):
        raise TypeError(
            "DataLoader: multiprocessing_context is the name of a start method or what"
            f" multiprocessing.get_context returns, got {type(given).__name__}"
        )
    if given not in methods:
        raise ValueError(
            f"DataLoader: multiprocessing_context here is one of {', '.join(methods)},"
            f" got {given!r}"
        )
    return multiprocessing.get_context(given)
