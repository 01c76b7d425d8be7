"""Whatever a user does between the steps of a training: compiled, it is the same training."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

import gradatim as g
from tests.compiler.acts import CHANGES, WAYS, Act, find_state
from tests.compiler.seen import check_alike
from tests.compiler.trainer import OPTIMIZERS, Trainer, outcome


class TrainingMachine(RuleBasedStateMachine):
    """Two trainers that are told the same, of which one compiles."""

    @initialize(
        kind=st.sampled_from(sorted(OPTIMIZERS)),
        norm=st.sampled_from(["layer", "batch"]),
        width=st.sampled_from([4, 4, 4, 64]),
        dtype=st.sampled_from(["float64", "float64", "float32"]),
        threads=st.integers(1, 2),
    )
    def begin(self, kind: str, norm: str, width: int, dtype: str, threads: int) -> None:
        self.tolerance = 1e-7 if dtype == "float64" else 2e-3
        self.threads = g.get_num_threads()
        g.set_num_threads(threads)
        made = {"width": width, "norm": norm, "dtype": getattr(g, dtype)}
        self.eager = Trainer(kind, **made).ready()
        self.ours = Trainer(kind, **made).compiled()
        self.seed = 0

    def teardown(self) -> None:
        if hasattr(self, "threads"):
            g.set_num_threads(self.threads)

    @rule(change=CHANGES)
    def change(self, change: Act) -> None:
        self.both(change)

    @rule(way=WAYS)
    def train(self, way: Act) -> None:
        self.both(way)

    @rule(change=CHANGES, way=WAYS)
    def change_and_train(self, change: Act, way: Act) -> None:
        self.both(change)
        self.both(way)

    def both(self, act: Act) -> None:
        """Do it on both sides: the same comes of it, or the same error."""
        self.seed += 1
        before = [x.detach().clone() for x in self.eager.numbers()]
        g.manual_seed(self.seed)
        want = outcome(act, self.eager)
        drawn = g.get_rng_state()
        g.manual_seed(self.seed)
        got = outcome(act, self.ours)
        if isinstance(want[0], Exception):
            assert repr(got[0]) == repr(want[0]), (got, want)
            self.undo(before)
        elif isinstance(got[0], Exception):
            raise got[0]
        else:
            check_alike(want, got, self.tolerance)
            assert g.equal(g.get_rng_state(), drawn)
        check_alike(self.eager.seen(), self.ours.seen(), self.tolerance)

    def are_close(self, found: list[Any], expected: list[Any]) -> bool:
        return all(
            np.allclose(x.detach(), y.detach(), self.tolerance, self.tolerance, equal_nan=True)
            for x, y in zip(found, expected, strict=True)
        )

    def undo(self, before: list[Any]) -> None:
        """A compiled step that is refused is not done; in NumPy's run some of it is.

        So it is of what a trainer that compiles does itself, with a gradient that came through.
        """
        ours, eager = [*self.ours.numbers()], [*self.eager.numbers()]
        assert any(self.are_close(ours, expected) for expected in (before, eager))
        for trainer in (self.eager, self.ours):
            with g.no_grad():
                for x, y in zip(trainer.numbers(), before, strict=True):
                    x.copy_(y)
            trainer.model.zero_grad()
            for optimizer in trainer.optimizers:  # it may hold a parameter that was replaced
                optimizer.zero_grad()
            trainer.held = {}
            find_state(trainer)


TrainingMachine.TestCase.settings = settings(
    max_examples=max(1, settings().max_examples // 33), stateful_step_count=20
)
TestTraining = TrainingMachine.TestCase
