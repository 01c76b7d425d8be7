"""LLVM compiles some functions of a program while others are still being written.

LLVM releases the GIL while it works, so a thread that passes finished functions to it runs beside
the one that writes, which then helps with the rest. Which functions go into which object file
depends on their text alone, so the object files are the same whatever the threads do. Loaded
together they are one program.
"""

from __future__ import annotations

import threading
from collections.abc import Container, Iterable, Sequence
from contextlib import suppress
from queue import SimpleQueue

from ..lower.text.emit import Module
from ..lower.text.part import part_of
from ..machine.engine import compile_object
from ..machine.target import Target

# Characters of IR text in an object file, about: a tenth of a second of work. An object file costs
# some milliseconds of its own, and more while two threads compete for the GIL.
ENOUGH = 150_000


class Translation:
    """Makes the object files of a module, with a helper thread: use it as a context manager.

    An error in LLVM, or Ctrl-C, ends the work; jobs not yet begun are dropped.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self._handed: set[str] = set()
        self._waiting: list[str] = []
        self._size = 0  # characters of the waiting functions
        self._jobs: list[_Job] = []
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._helper = threading.Thread(target=self._work, name="gradatim-llvm", daemon=False)

    def __enter__(self) -> Translation:
        return self

    def __exit__(self, *_: object) -> None:
        for job in self._jobs:
            job.wanted = False
        self._queue.put(None)
        if self._helper.is_alive():
            self._helper.join()

    def ready(self, module: Module, names: Iterable[str]) -> None:
        """Take functions of the module that will not change any more."""
        for name in names:
            if name in self._handed:
                continue
            self._handed.add(name)
            self._waiting.append(name)
            self._size += len(module.functions[name])
            if self._size >= ENOUGH:
                self._begin(module)

    def objects(self, module: Module) -> list[bytes]:
        """All object files, once all functions are written; a small program has one."""
        if not self._jobs and sum(map(len, module.functions.values())) < ENOUGH:
            return [compile_object(str(module), self.target)]
        self.ready(module, [name for name in module.functions if name not in module.plain])
        if self._waiting:
            self._begin(module)
        plain = [name for name in module.functions if name in module.plain]
        if plain:
            self._add(module, plain, quick=True)
        for _ in range(2):  # one for the helper, one for this thread
            self._queue.put(None)
        self._work()
        if self._helper.is_alive() and not any(job.error for job in self._jobs):
            self._helper.join()
        return [job.result() for job in self._jobs]

    def _begin(self, module: Module) -> None:
        names, self._waiting, self._size = self._waiting, [], 0
        self._add(module, names)
        if self._helper.ident is None:
            with suppress(RuntimeError):  # the interpreter is exiting, or there are no more threads
                self._helper.start()

    def _add(self, module: Module, names: Sequence[str], *, quick: bool = False) -> None:
        text = part_of(module, names)
        self._jobs.append(_Job(text, self.target, module.functions, quick=quick))
        self._queue.put(self._jobs[-1])

    def _work(self) -> None:
        for job in iter(self._queue.get, None):
            job.run()
            if job.error is not None:
                break


class _Job:
    """One object file to compile."""

    def __init__(self, text: str, target: Target, others: Container[str], *, quick: bool) -> None:
        self.text, self.target, self.others, self.quick = text, target, others, quick
        self.wanted = True
        self.code = b""
        self.error: BaseException | None = None

    def run(self) -> None:
        """Compile it, if it is still wanted."""
        try:
            if self.wanted:
                self.code = compile_object(
                    self.text, self.target, quick=self.quick, others=self.others
                )
        except BaseException as error:
            self.error = error

    def result(self) -> bytes:
        """The object file. Errors: whatever compiling it raised."""
        if self.error is not None:
            raise self.error
        return self.code
