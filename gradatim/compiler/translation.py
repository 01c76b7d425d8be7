"""Machine code for some functions of a program while the others are still being written.

LLVM lets go of Python's lock while it works, so a thread that hands it what is written works beside
the one that writes. Which functions go into which object follows from their text alone, and so do
the objects: they are the same whatever the threads do. Loaded together they are one program.
"""

from __future__ import annotations

import threading
from collections.abc import Container, Iterable

from .engine import compile_object
from .lower.emit import Module
from .lower.part import part_of
from .lower.target import Target

# Characters of LLVM's language in an object, about: a tenth of a second of work. An object costs
# some milliseconds of its own, and more while two threads wait for Python's lock in turns.
ENOUGH = 150_000


class Translation:
    """Makes the objects of a module, by threads that are gone in the end: use it with `with`.

    An error of LLVM's, or a Ctrl-C, ends the waiting; what was not begun is not done.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self._handed: set[str] = set()
        self._waiting: list[str] = []
        self._jobs: list[_Job] = []

    def __enter__(self) -> Translation:
        return self

    def __exit__(self, *_: object) -> None:
        for job in self._jobs:
            job.wanted = False
        for job in self._jobs:
            job.join()

    def ready(self, module: Module, names: Iterable[str]) -> None:
        """Take functions of the module that will not change any more."""
        for name in names:
            if name not in self._handed:
                self._handed.add(name)
                self._waiting.append(name)
        if sum(len(module.functions[name]) for name in self._waiting) >= ENOUGH:
            self._begin(module)

    def objects(self, module: Module) -> list[bytes]:
        """All objects, now that all functions are written; of a small program it is one."""
        if not self._jobs and sum(map(len, module.functions.values())) < ENOUGH:
            return [compile_object(str(module), self.target)]
        plain = [name for name in module.functions if name in module.plain]
        self.ready(module, [name for name in module.functions if name not in module.plain])
        if self._waiting:
            self._begin(module)
        made = [job.result() for job in self._jobs]
        if plain:
            text = part_of(module, plain)
            made.append(compile_object(text, self.target, quick=True, others=module.functions))
        return made

    def _begin(self, module: Module) -> None:
        names, self._waiting = self._waiting, []
        before = self._jobs[-1] if self._jobs else None
        text = part_of(module, names)
        self._jobs.append(_Job(text, self.target, module.functions, before))
        self._jobs[-1].begin()


class _Job:
    """One object, made after the one before by a thread that ends by itself."""

    def __init__(
        self, text: str, target: Target, others: Container[str], before: _Job | None
    ) -> None:
        self.text, self.target, self.others, self.before = text, target, others, before
        self.wanted = True
        self.code = b""
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="gradatim-llvm", daemon=False)

    def begin(self) -> None:
        """Start the thread."""
        try:
            self._thread.start()
        except RuntimeError:  # the interpreter ends, or the system has no more threads
            self._run()

    def _run(self) -> None:
        if self.before is not None:
            self.before.join()
        try:
            if self.wanted:
                self.code = compile_object(self.text, self.target, others=self.others)
        except BaseException as error:
            self.error = error

    def join(self) -> None:
        """Wait until it is done, or left undone."""
        if self._thread.is_alive():
            self._thread.join()

    def result(self) -> bytes:
        """The object. Errors: what making it raised."""
        self.join()
        if self.error is not None:
            raise self.error
        return self.code
