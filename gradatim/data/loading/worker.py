"""The worker process: it reads the requested batches and sends them back."""

from __future__ import annotations

import random
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from queue import SimpleQueue
from typing import Any
from weakref import WeakSet

import numpy as np

from ..._tensor.generators import manual_seed
from .fetch import BatchReader, Fetch
from .worker_info import WorkerInfo, set_worker_info

# The main process's ends of all pipes. A forked child inherits them and must close them: a worker
# exits when its pipe is closed, which requires that no other process holds the other end.
main_ends: WeakSet[Connection] = WeakSet()


@dataclass(frozen=True)
class Task:
    """Batch `number` of an epoch, to be read at the sampler's indices."""

    epoch: int
    number: int
    indices: Any


@dataclass(frozen=True)
class Batch:
    """The result of a task."""

    epoch: int
    number: int
    data: Any


@dataclass(frozen=True)
class EndOfStream:
    """Sent instead of a batch: this worker's copy of an `IterableDataset` is exhausted."""


@dataclass(frozen=True)
class Caught:
    """Sent instead of a batch: an error, with its traceback, which cannot be pickled, as text."""

    kind: type[Exception]
    text: str

    def error(self) -> Exception:
        """The error, of its original type if that can be built from a message alone."""
        if self.kind is KeyError:  # its repr would escape the line breaks of the message
            return KeyError(_Readable(self.text))
        try:
            return self.kind(self.text)
        except Exception:
            return RuntimeError(self.text)


@dataclass(frozen=True)
class Role:
    """Which worker a process is."""

    id: int
    num_workers: int
    base_seed: int
    init: Callable[[int], Any] | None


def work(role: Role, reading: BatchReader, pipe: Connection) -> None:
    """Run a worker until the main process closes the pipe."""
    for end in list(main_ends):
        end.close()
    with suppress(KeyboardInterrupt, EOFError, ConnectionError):  # known to the main process
        outbox: SimpleQueue[Any] = SimpleQueue()
        # Sending blocks until the main process reads; the next batch is made meanwhile.
        sender = threading.Thread(target=_send_all, args=(outbox, pipe), daemon=True)
        sender.start()
        _use_one_thread()
        worker = _Worker(role, reading)
        while sender.is_alive():  # otherwise nobody reads the replies any more
            outbox.put(worker.reply(pipe.recv()))


class _Worker:
    def __init__(self, role: Role, reading: BatchReader) -> None:
        self.name = f"DataLoader worker process {role.id}"
        self.reading, self.epoch = reading, -1
        self.fetch: Fetch | None = None
        self.refusal: Caught | None = None  # why this worker could not start; reported once
        seed = role.base_seed + role.id
        _seed_all(seed, role)
        set_worker_info(WorkerInfo(role.id, role.num_workers, seed, reading.dataset))
        if role.init is not None:
            try:
                role.init(role.id)
            except Exception as error:
                self.refusal = self._caught(error)

    def reply(self, task: Task) -> Any:
        """A batch as bytes, pickled here, before the batch can change."""
        data = self._data(task)
        try:
            return ForkingPickler.dumps(Batch(task.epoch, task.number, data))
        except Exception as error:
            kind = Caught(RuntimeError, self._caught(error).text)
            return ForkingPickler.dumps(Batch(task.epoch, task.number, kind))

    def _data(self, task: Task) -> Any:
        refusal, self.refusal = self.refusal, None
        if refusal is not None:
            return refusal
        try:
            if self.fetch is None or task.epoch != self.epoch:
                self.fetch, self.epoch = self.reading.start(), task.epoch
            return self.fetch(task.indices)
        except StopIteration:
            return EndOfStream()
        except Exception as error:
            return self._caught(error)

    def _caught(self, error: Exception) -> Caught:
        trace = "".join(traceback.format_exception(error))
        return Caught(
            type(error), f"Caught {type(error).__name__} in {self.name}.\nOriginal {trace}"
        )


class _Readable(str):
    """A string whose repr is itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _send_all(outbox: SimpleQueue[Any], pipe: Connection) -> None:
    with suppress(OSError):  # the main process has gone, which the receiving side notices
        while True:
            pipe.send_bytes(outbox.get())


def _seed_all(seed: int, role: Role) -> None:
    """Seed each worker differently but reproducibly, as PyTorch does."""
    random.seed(seed)
    manual_seed(seed)
    words = [role.id, role.base_seed & 0xFFFFFFFF, role.base_seed >> 32, 0]
    state = np.random.SeedSequence(words).generate_state(4)
    np.random.seed(state)  # noqa: NPY002 - datasets draw from NumPy's global generator


def _use_one_thread() -> None:
    """One thread per worker, since the workers already use all cores."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, user_api="blas")
