"""Worker processes as the main process sees them: tasks go out, batches come back in order."""

from __future__ import annotations

import multiprocessing
import os
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from pickle import PicklingError
from typing import Any

from .fetch import BatchReader
from .worker import Batch, Caught, EndOfStream, Role, Task, main_ends, work

_NO_MORE = object()
_NOT_SENT = (
    "DataLoader: a worker that is started afresh gets the dataset, collate_fn and worker_init_fn"
    " pickled. Define their classes and functions at the top level of a file, or, where the system"
    ' has it, give multiprocessing_context="fork"'
)
_PATIENCE = 5.0  # seconds for a worker to finish a batch that is no longer needed


class Workers:
    """Processes with a pipe to each; they end when this is closed or garbage-collected."""

    def __init__(
        self,
        reading: BatchReader,
        count: int,
        *,
        base_seed: int,
        init: Callable[[int], Any] | None,
        context: Any,
        timeout: float,
    ) -> None:
        self.timeout = timeout or None
        self.pipes: list[Connection] = []
        self.processes: list[Any] = []
        context = context or multiprocessing.get_context()
        self.close = weakref.finalize(self, _close, self.pipes, self.processes, os.getpid())
        for i in range(count):
            here, there = context.Pipe()
            main_ends.add(here)
            role = Role(i, count, base_seed, init)
            process = context.Process(target=work, args=(role, reading, there), daemon=True)
            try:
                process.start()
            except (AttributeError, PicklingError, TypeError) as error:
                error.add_note(_NOT_SENT)
                raise
            there.close()
            self.pipes.append(here)
            self.processes.append(process)

    def __len__(self) -> int:
        return len(self.pipes)

    def tell(self, worker: int, task: Task) -> None:
        """Send a task to a worker."""
        try:
            self.pipes[worker].send(task)
        except OSError:
            raise self._lost(worker) from None

    def next_reply(self, among: list[int]) -> tuple[int, Batch]:
        """Wait for the first reply from any of these workers; returns the worker and the batch.

        Errors: RuntimeError if a worker has exited, or none replies in time.
        """
        pipes = [self.pipes[worker] for worker in among]
        ready: list[Any] = wait(pipes, self.timeout) if len(pipes) > 1 or self.timeout else pipes
        if not ready:
            raise RuntimeError(
                f"DataLoader timed out after {self.timeout:g} seconds: no worker has made its"
                " batch; give a longer timeout, or find out what its dataset waits for"
            )
        worker = among[pipes.index(ready[0])]
        try:
            return worker, ready[0].recv()
        except (EOFError, OSError):
            raise self._lost(worker) from None

    def _lost(self, worker: int) -> RuntimeError:
        process = self.processes[worker]
        process.join(_PATIENCE)
        self.close()
        return RuntimeError(
            f"DataLoader worker (pid(s) {process.pid}) exited unexpectedly, with exit code"
            f" {process.exitcode}: it was killed, or ended by its own code; num_workers=0 reads"
            " the samples in this process and shows where"
        )


def _close(pipes: list[Connection], processes: list[Any], owner: int) -> None:
    if os.getpid() != owner:  # a copy in a forked child
        return
    for pipe in pipes:
        pipe.close()
    for process in processes:
        process.join(_PATIENCE)
        if process.is_alive():
            process.terminate()
            process.join()


class Epoch:
    """The batches of one pass through the sampler, read ahead by the workers in turn."""

    def __init__(
        self, workers: Workers, sampler: Iterator[Any], *, number: int, ahead: int, in_order: bool
    ) -> None:
        self.workers, self.sampler = workers, sampler
        self.number, self.ahead, self.in_order = number, ahead, in_order
        self.makers: dict[int, int] = {}  # outstanding batches, in order, with their workers
        self.ended: set[int] = set()  # workers whose stream is exhausted
        self.sent = self.turn = 0
        for _ in range(ahead * len(workers)):
            self._send()

    def __next__(self) -> Any:
        while self.makers:
            data = self._receive()
            self._send()
            if isinstance(data, Caught):
                raise data.error()
            if not isinstance(data, EndOfStream):
                return data
        raise StopIteration

    def _receive(self) -> Any:
        """The next batch: of the worker asked first if in order, else of the first to reply."""
        asked = list(dict.fromkeys(self.makers.values()))
        worker, batch = self.workers.next_reply(asked[:1] if self.in_order else asked)
        while batch.epoch != self.number:  # from an epoch abandoned before its end
            worker, batch = self.workers.next_reply([worker])
        del self.makers[batch.number]
        if isinstance(batch.data, EndOfStream):
            self.ended.add(worker)
            self.makers = {k: maker for k, maker in self.makers.items() if maker != worker}
        return batch.data

    def _send(self) -> None:
        """Send the sampler's next batch to the next worker that has room for it."""
        owed = Counter(self.makers.values())
        count = len(self.workers)
        turns = [(self.turn + i) % count for i in range(count)]
        free = [w for w in turns if w not in self.ended and owed[w] < self.ahead]
        if not free:
            return
        indices = next(self.sampler, _NO_MORE)
        if indices is _NO_MORE:
            return
        self.workers.tell(free[0], Task(self.number, self.sent, indices))
        self.makers[self.sent] = free[0]
        self.sent += 1
        self.turn = free[0] + 1
