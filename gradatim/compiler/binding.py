"""A program bound to memory: its table of addresses, and running it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from ..core.errors import IndexOutOfRange, WriteError
from ..core.handle import wrap
from ..core.storage import tick
from . import team
from .compiled import Compiled, NumpyStep
from .guards import Guards
from .ir import Var
from .lower.main import DONE, STATUS, STEPS, STOP, WORDS
from .schedule.memory import ALIGN
from .schedule.strided import Strided
from .trace import Traced

Array = np.ndarray[Any, Any]
GRADIENTS = "a .grad is there that was not, or the other way round"
CHUNK_SECONDS = 0.05  # how long a native loop runs before Python may look around


class Binding:
    """One traced and compiled function with the memory that it works on."""

    def __init__(
        self, traced: Traced, compiled: Compiled, guards: Guards, called: Sequence[str] = ()
    ) -> None:
        self.traced, self.compiled, self.guards = traced, compiled, guards
        self.called = called  # the arguments, by the names of the function's parameters
        self.given = len(traced.graph.inputs) - len(traced.captures)
        self.lock = threading.Lock()
        outputs = traced.graph.outputs
        places = [i for what, i in compiled.slots if what == "output"]
        self.fresh = [(i, outputs[i].shape, outputs[i].dtype) for i in places]
        self.table = np.zeros(2 + len(compiled.slots) + len(compiled.stacks), np.uintp)
        self.control = np.zeros(WORDS + 2 * len(traced.graph.inputs), np.int64)
        self.arena = _aligned(compiled.arena_size)
        self.table[0], self.table[1] = _address(self.control), _address(self.arena)
        self.slot_of = {m: i + 2 for i, m in enumerate(compiled.slots)}
        for (what, i), slot in self.slot_of.items():
            if what in ("words", "spare"):
                twister = compiled.generators[i].twister
                self.table[slot] = twister.address if what == "words" else _address(twister.spare)
        self.arrays: dict[int, Array] = {}  # inputs of the graph, as they are now
        self.stand_ins: dict[int, Array] = {}
        self.copies: list[tuple[Array, Array]] = []  # stand-ins for memory with gaps

    def what_changed(self) -> str | None:
        """What was assumed while tracing and is no longer so, as a sentence."""
        for t, there in self.traced.grads_wanted:
            if (t._grad is not None) is not there:
                return GRADIENTS
        return self.guards.changed()

    # -- one step --------------------------------------------------------------------------

    def run(self, tensors: Sequence[Any]) -> list[Any]:
        """One step; what the function returned and wrote, in the graph's order, as tensors."""
        with self.lock:
            outputs = self._place(tensors)
            self._steps()
            self._written(tensors)
            return outputs

    def _place(self, tensors: Sequence[Any]) -> list[Array | None]:
        self.copies.clear()
        written = self.traced.written
        for i, x in enumerate(tensors):
            self._put(i, x._value, i in written)
        for i, capture in enumerate(self.traced.captures, self.given):
            array = capture.storage.value
            if capture.grad_of is not None:
                array = capture.grad_of._grad._storage.value
            if self.arrays.get(i) is not array:
                self._put(i, array, i in written)
        outputs: list[Array | None] = [None] * len(self.traced.graph.outputs)
        for i, shape, dtype in self.fresh:
            outputs[i] = np.empty(shape, dtype)
            self.table[self.slot_of["output", i]] = _address(outputs[i])
        return outputs

    def _put(self, i: int, array: Array, written: bool) -> None:
        if written and not array.flags.writeable:
            raise WriteError(
                "compile: the step writes into a tensor whose memory is read-only; .clone() it"
            )
        if array.flags.c_contiguous:
            self.arrays[i] = array
        else:
            stand_in = np.ascontiguousarray(array)
            if written:
                self.copies.append((array, stand_in))
            array = stand_in
            self.arrays.pop(i, None)
            self.stand_ins[i] = array
        self.table[self.slot_of["input", i]] = _address(array)

    def _steps(self, name: str = "") -> None:
        compiled, table = self.compiled, _address(self.table)
        workers = team.get_num_threads() if compiled.shared else 1
        self.control[STATUS] = self.control[STOP] = 0
        with ExitStack() as held:
            for g in compiled.generators:
                held.enter_context(g._lock)
            if name:
                team.run(compiled.address(name), table, workers)
            else:
                for step in compiled.steps:
                    if isinstance(step, NumpyStep):
                        self._by_numpy(step)
                    else:
                        team.run(compiled.address(step), table, workers)
        status = int(self.control[STATUS])
        if status:
            raise IndexOutOfRange(compiled.messages[status - 1])

    def _written(self, tensors: Sequence[Any]) -> None:
        for array, stand_in in self.copies:
            array[...] = stand_in
        now = tick()
        for i in self.traced.written:
            self._storage(i, tensors).written = now

    def _storage(self, i: int, tensors: Sequence[Any]) -> Any:
        if i < self.given:
            return tensors[i]._storage
        capture = self.traced.captures[i - self.given]
        if capture.grad_of is not None:
            return capture.grad_of._grad._storage
        return capture.storage

    # -- many steps ------------------------------------------------------------------------

    def run_many(
        self, steps: int, tensors: Sequence[Any], rows: Sequence[Array], before: Callable[[], None]
    ) -> tuple[list[Any], dict[int, Array], int]:
        """`steps` steps in native code, returning to Python now and then.

        `rows` are arrays, as many rows as steps, of which every step is given one as input. The
        outputs of the last step, the numbers of all steps, and how many steps there were: fewer
        only if a number was nan. `before` is called at the beginning of each stretch.
        """
        with self.lock:
            outputs = self._place(tensors)
            stacks = {
                k: np.empty(steps, self.traced.graph.outputs[k].dtype) for k in self.compiled.stacks
            }
            base = 2 + len(self.compiled.slots)
            for j, k in enumerate(self.compiled.stacks):
                self.table[base + j] = _address(stacks[k])
            self._advance(rows)
            done, count = 0, 1
            while done < steps:
                before()
                self.control[STEPS] = min(count, steps - done)
                self.control[DONE] = 0
                begin = time.perf_counter()
                self._steps("run")
                seconds = time.perf_counter() - begin
                done += int(self.control[DONE])
                if self.control[STOP]:
                    break
                per_step = max(seconds / max(int(self.control[DONE]), 1), 1e-8)
                count = max(1, min(int(CHUNK_SECONDS / per_step), 8 * count))
            self._written(tensors)
            return outputs, stacks, done

    def snapshot(self) -> Callable[[], None]:
        """Keep what a step changes; call what is returned to have it back."""
        now = {**self.stand_ins, **self.arrays}
        arrays = [(now[i], now[i].copy()) for i in self.traced.written]
        states = [(g, g.get_state()) for g in self.compiled.generators]

        def restore() -> None:
            for array, numbers in arrays:
                array[...] = numbers
            for generator, state in states:
                generator.set_state(state)

        return restore

    @contextmanager
    def trial(self, tensors: Sequence[Any]) -> Iterator[Callable[[], None]]:
        """Steps without a trace: what they change is put back in the end."""
        with self.lock:
            outputs = self._place(tensors)
            restore = self.snapshot()
            try:
                yield self._steps
            finally:
                restore()
                outputs.clear()  # until now the steps wrote there

    def _advance(self, rows: Sequence[Array]) -> None:
        self.control[WORDS:] = 0
        for i, array in enumerate(rows):
            slot = self.slot_of["input", i]
            self.table[slot] = _address(array)
            self.control[WORDS + 2 * i] = slot
            self.control[WORDS + 2 * i + 1] = array.strides[0] if array.ndim else 0

    # -- what NumPy does -------------------------------------------------------------------

    def _by_numpy(self, step: NumpyStep) -> None:
        e = step.equation
        arrays = [self._read(i) for i in step.inputs]
        found = e.primitive.value(*arrays, **e.params)
        several = found if isinstance(found, tuple) else (found,)
        for v, value in zip(e.outputs, several, strict=True):
            self._memory(v)[...] = value

    def _read(self, source: Any) -> Array:
        if isinstance(source, tuple):
            v, view = source
            return _seen(self._memory(v), view)
        return _known(source)

    def _memory(self, v: Var) -> Array:
        layout, lowering = self.compiled.layout, self.compiled.lowering
        assert layout is not None and lowering is not None
        v = lowering.place_of(v)
        slot = layout.slots.get(v)
        if slot is None:
            begin = layout.arena.offsets[v]
            return self.arena[begin : begin + v.nbytes].view(v.dtype).reshape(v.shape)
        address = int(self.table[slot])
        return _array_at(address, v)


def _array_at(address: int, v: Var) -> Array:
    import ctypes

    if not v.nbytes:
        return np.empty(v.shape, v.dtype)
    memory = (ctypes.c_char * v.nbytes).from_address(address)
    return np.frombuffer(memory, v.dtype).reshape(v.shape)


def _seen(array: Array, view: Strided) -> Array:
    size = array.itemsize
    first = array.reshape(-1)[view.offset :]
    return np.lib.stride_tricks.as_strided(first, view.shape, [s * size for s in view.strides])


def _known(source: Any) -> Array:
    shape, dtype = source.view.shape, source.var.dtype
    if source.number is not None:
        return np.full(shape, source.number, dtype)
    start, step = source.range
    places = np.arange(source.var.size) * step + start
    return _seen(places.astype(dtype), source.view)


def _aligned(size: int) -> Array:
    memory = np.zeros(size + ALIGN, np.uint8)
    skip = -_address(memory) % ALIGN
    return memory[skip : skip + size]


def _address(array: Array) -> int:
    return int(array.__array_interface__["data"][0])


def tensors_of(arrays: Sequence[Any]) -> list[Any]:
    """Arrays as tensors."""
    return [None if a is None else wrap(a) for a in arrays]
