"""A program bound to memory: its table of addresses, and running it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakSet

import numpy as np

from ..._tensor.arithmetic import IntegerDivisionError
from ...core.errors import IndexOutOfRange
from ...core.pace import Pace
from ...core.placement import address_of, placed
from ..guards.check import Guards
from ..lower.nest.refusals import INDEX
from ..lower.threads.main import BRIEF, CHECK, DONE, MOVES, STATUS, STEP, STEPS, STOP, WORDS
from ..lower.threads.repeating import moves
from ..pipeline.compiled import Compiled
from ..pipeline.draft import SHARED, NumpyStep
from ..trace.traced import Traced
from . import team
from .by_numpy import run_by_numpy
from .gradients import Gradients
from .inputs import Inputs
from .lock import STATE
from .outputs import Output
from .returned import returned
from .sharing import Overlap
from .snapshot import SpareSnapshot
from .teamwork import Teamwork

Array = np.ndarray[Any, Any]
GRADIENTS = "a .grad was set that was None while tracing, or the other way round"
MADE = "by the call before: "

_bindings: WeakSet[Binding] = WeakSet()


@dataclass
class Stretch:
    """Many steps: the outputs of the last one, scalar results of all, and how many were done."""

    outputs: list[Any] = field(default_factory=list)
    stacks: dict[int, Array] = field(default_factory=dict)
    done: int = 0
    stopped: bool = False  # by a nan
    failed: bool = False  # in a step after those done


class Binding:
    """One traced and compiled function, bound to the memory it works on."""

    def __init__(
        self, traced: Traced, compiled: Compiled, guards: Guards, called: Sequence[str] = ()
    ) -> None:
        self.traced, self.compiled, self.guards = traced, compiled, guards
        self.states = traced.states
        self.called = called  # the arguments, as named by the function's parameters
        self.table = np.zeros(2 + len(compiled.slots) + len(compiled.stacks), np.uintp)
        self.control = np.zeros(WORDS + len(compiled.refusals), np.int64)
        self.arena = placed(np.zeros, (compiled.arena_size,), np.dtype(np.uint8))
        self.table_address = address_of(self.table)
        self.table[0], self.table[1] = address_of(self.control), address_of(self.arena)
        self.slot_of = {m: i + 2 for i, m in enumerate(compiled.slots)}
        for (what, i), slot in self.slot_of.items():
            if what in ("words", "spare"):
                twister = compiled.generators[i].twister
                self.table[slot] = twister.address if what == "words" else address_of(twister.spare)
        self.addresses, self.words = self.table.data, self.control.data  # faster single-item access
        outputs = [*self._outputs()]
        results, grads = traced.result_count, traced.result_count + len(traced.written)
        self.fresh = [(i, o) for i, o in outputs if i < results]
        self.nothing: list[Array | None] = [None] * results
        # New values of tensors that cannot be updated in place: only the program sees them.
        self.between: list[Array] = []
        for _, output in (pair for pair in outputs if results <= pair[0] < grads):
            array, self.table[output.slot] = output.fresh()
            self.between.append(array)
        left = [o for i, o in outputs if i >= grads]
        self.gradients = Gradients(traced.grads, traced.cleared, left, self.addresses)
        self.lock = self.gradients.lock
        slots = [self.slot_of["input", i] for i in range(len(traced.graph.inputs))]
        self.inputs = Inputs(traced, slots, self.table)
        self.spare_snapshot = SpareSnapshot()
        self.is_one = compiled.is_native and not compiled.generators  # one function, without draws
        self.workers = 0 if compiled.shared else 1  # 0: as many as available
        self.turn = 0  # when it ran last
        self.pace, self.teamwork = Pace(), Teamwork()
        _bindings.add(self)

    def _outputs(self) -> Iterator[tuple[int, Output]]:
        """The outputs that need memory, with their indices among all outputs."""
        for (what, i), slot in self.slot_of.items():
            if what == "output":
                v = self.traced.graph.outputs[i]
                yield i, Output(slot, v.shape, v.dtype)

    def what_changed(self) -> str | None:
        """What has changed since tracing that the trace relies on, as a sentence; or None."""
        for t, there in self.traced.grads_wanted:
            if (t._grad is not None) is not there:
                return GRADIENTS
        change = self.guards.changed()
        own = change is not None and self.traced.has_made()
        return f"{MADE}{change}" if own else change

    def holds(self) -> bool:
        """Whether all that the trace relies on still holds."""
        for t, there in self.traced.grads_wanted:
            if (t._grad is not None) is not there:
                return False
        return self.guards.hold()

    def plain(self) -> Binding:
        """The program without a backward one: most have none."""
        return self

    finish = staticmethod(returned)  # turns a step's arrays into the function's return value

    # -- one step --------------------------------------------------------------------------

    def run(self, tensors: Sequence[Any], before: Callable[[], None] | None = None) -> Any:
        """One step, with all its writes; the function's results as arrays.

        `before` is called when all addresses are in the table, just before the step.
        """
        with self.lock:
            with STATE:
                outputs = self._place(tensors)
            return self._one_step(tensors, outputs, before)

    def run_if_it_holds(self, tensors: Sequence[Any]) -> Any:
        """`run`, or None if something that the trace relies on has changed."""
        with self.lock:
            with STATE:
                if not self.holds():
                    return None
                outputs = self._place(tensors)
            return self._one_step(tensors, outputs, None)

    def _one_step(
        self, tensors: Sequence[Any], outputs: list[Any], before: Callable[[], None] | None
    ) -> Any:
        if before is not None:
            before()
        try:
            self._steps()
            self.inputs.were_written(tensors)
            self.gradients.leave(tensors)
        except BaseException:
            self.inputs.were_written(tensors)
            self.gradients.lose()
            raise
        return outputs

    def put_back_states(self) -> None:
        """Put states where the function has them, as the last of many steps has left them."""
        for state in self.states:
            if state.is_written:
                state.put_back()

    def _place(self, tensors: Sequence[Any], rows: Sequence[Array] = ()) -> list[Array | None]:
        """Fill the table. Errors: Stale; Overlap, if written memory is also reached otherwise."""
        if self.states:
            self._read_in_states(tensors)
        if tensors or not self.inputs.stay:
            self.inputs.find(tensors, rows)
        outputs = self.nothing.copy()
        addresses = self.addresses
        for i, output in self.fresh:
            outputs[i], addresses[output.slot] = output.fresh()
        self.gradients.begin()
        return outputs

    def _read_in_states(self, tensors: Sequence[Any]) -> None:
        """Copy what the places of states hold. Errors: Overlap, if it is memory that is written."""
        written = self.inputs.written_storages(tensors)
        for state in self.states:
            state.read_in()
            if written and getattr(state.found, "_shared", None) in written:
                raise Overlap(f"{state.entry.path} and another tensor")

    def _steps(self, loop: int = 0, *, together: bool = False) -> None:
        """Run one step, or the native function at address `loop`; `together`: on all workers."""
        compiled, words = self.compiled, self.words
        workers = (not together and self.workers) or team.get_num_threads()
        words[STATUS] = words[STOP] = 0
        if self.is_one:
            team.run(loop or compiled.address("step_0"), self.table_address, workers)
        else:
            self._stretches((loop,) if loop else compiled.steps, workers, compiled.generators)
        status = words[STATUS]
        if status:
            refusal, number = compiled.refusals[status - 1], words[STATUS + status]
            is_index = refusal.kind == INDEX
            error = IndexOutOfRange if is_index else IntegerDivisionError
            raise error(refusal.message(number if is_index else None))

    def _stretches(
        self, steps: Sequence[str | int | NumpyStep], workers: int, generators: Sequence[Any]
    ) -> None:
        """All stretches of a step, holding the locks of its generators."""
        if generators:
            with generators[0]._lock:
                self._stretches(steps, workers, generators[1:])
            return
        for step in steps:
            if isinstance(step, NumpyStep):
                self._by_numpy(step)
            else:
                address = step if isinstance(step, int) else self.compiled.address(step)
                team.run(address, self.table_address, workers)
            if self.words[STATUS]:  # later stretches must not run after a refusal
                return

    def _by_numpy(self, step: NumpyStep) -> None:
        run_by_numpy(step, self.compiled, self.table, self.arena)

    # -- many steps ------------------------------------------------------------------------

    def run_many(
        self,
        steps: int,
        tensors: Sequence[Any],
        rows: Sequence[Array],
        stretch: Stretch,
        before: Callable[[], None] | None = None,
        *,
        each_whole: bool = False,
    ) -> None:
        """`steps` steps in native code, returning to Python now and then.

        `rows` are arrays with as many rows as steps, of which each step gets one as its input. The
        outputs go to `stretch`. `before` is called at each return to Python; if it is given, a nan
        stops the steps. With `each_whole` every step leaves its gradients, otherwise only the last
        one before each return to Python.
        """
        with self.lock:
            with STATE:
                outputs = self._place(tensors, rows)
                if steps > self.pace.most:
                    self.gradients.withdraw()
            self._make_stacks(steps, stretch)
            after = self._after_each(rows)
            self.control[MOVES] = address_of(after)
            try:
                while stretch.done < steps and not stretch.stopped:
                    if before is not None:
                        before()
                    stretch.outputs = outputs  # set before running: they are valid after one step
                    left, check = steps - stretch.done, before is not None
                    self._run_chunk(left, stretch, check=check, each_whole=each_whole)
            finally:
                if self._failed:  # in a step of which no results were left
                    stretch.failed = True
                    self.put_back_states()
                self.inputs.were_written(tensors)
                self._leave_last(stretch)

    def _make_stacks(self, steps: int, stretch: Stretch) -> None:
        """Memory for the results of all steps."""
        graph, base = self.traced.graph, 2 + len(self.compiled.slots)
        stretch.stacks = {k: np.empty(steps, graph.outputs[k].dtype) for k in self.compiled.stacks}
        for j, array in enumerate(stretch.stacks.values()):
            self.table[base + j] = address_of(array)

    def _run_chunk(self, left: int, stretch: Stretch, *, check: bool, each_whole: bool) -> None:
        """Some of the steps that are left, for about a moment."""
        control, count, together = self.control, min(self.pace.most, left), False
        has_choice = self.compiled.has_both and team.get_num_threads() > 1
        if has_choice:
            count, together = self.teamwork.choose(count)
        self._choose_steps(each_whole=each_whole, together=together)
        control[STEPS], control[DONE], control[CHECK] = count, 0, check
        begin = time.perf_counter()
        try:
            self._steps(team.repeated(), together=together)
        finally:
            seconds = time.perf_counter() - begin
            stretch.done += int(control[DONE]) - self._failed
        stretch.stopped = check and bool(control[STOP])
        done = max(int(control[DONE]), 1)
        self.pace.took(done, seconds)
        if has_choice:
            self.teamwork.note(max(seconds / done, 1e-8), together=together)

    @property
    def _failed(self) -> bool:
        """Whether the last step was refused."""
        return int(self.control[STATUS]) != 0

    def _leave_last(self, stretch: Stretch) -> None:
        """Leave the gradients of the last of many steps."""
        if not stretch.done:
            self.gradients.lose()
        elif self._failed and not self.compiled.shared:
            # A brief step leaves no gradients, only the last one would have.
            self.gradients.leave_nothing()
        else:
            self.gradients.leave()

    @contextmanager
    def trial(self, tensors: Sequence[Any]) -> Iterator[Callable[[], None]]:
        """A function that runs steps; what they change is restored at the end."""
        with self.lock:
            with STATE:
                self.gradients.forget_all()
                outputs = self._place(tensors)
            kept = self.spare_snapshot.of([self.inputs.arrays[i] for i in self.traced.written])
            kept.keep()
            marks = [(g, g.mark()) for g in self.compiled.generators]
            try:
                yield self._steps
            finally:
                kept.restore()
                self.spare_snapshot.take_back(kept)
                for generator, mark in marks:
                    generator.return_to(mark)
                outputs.clear()  # kept alive until now, as the steps wrote to them
                with STATE:
                    self.gradients.forget_all()
                    self.gradients.end()

    def _after_each(self, rows: Sequence[Array]) -> Array:
        """The words at MOVES, what is done after each step; the first one gets the first rows."""
        base, outputs = 2 + len(self.compiled.slots), self.traced.graph.outputs
        results = [
            (self.slot_of["output", k], base + j, outputs[k].dtype)
            for j, k in enumerate(self.compiled.stacks)
        ]
        inputs = []
        for i, array in enumerate(rows):
            slot = self.slot_of["input", i]
            self.table[slot] = address_of(array)
            inputs.append((slot, array.strides[0] if array.ndim else 0))
        return np.array(moves(results, inputs), np.int64)

    def _choose_steps(self, *, each_whole: bool, together: bool) -> None:
        """Set the functions of the last one of many steps, and of the others."""
        compiled, form = self.compiled, SHARED if together else ""
        others = "brief" if compiled.has_brief and not each_whole else "step_0"
        self.control[STEP] = compiled.address("step_0" + form)
        self.control[BRIEF] = compiled.address(others + form)


def _after_fork() -> None:
    """A child has one thread: locks that other threads held are replaced."""
    for binding in list(_bindings):
        binding.lock = binding.gradients.lock = threading.RLock()
        for g in binding.compiled.generators:
            g._lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
