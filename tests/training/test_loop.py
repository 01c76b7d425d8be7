import json
import math
import signal
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gradatim.training.config import TrainingConfig
from gradatim.training.errors import Diverged, Failure
from gradatim.training.interfaces import Reporter
from gradatim.training.loop import train
from gradatim.training.metrics import read_metrics
from gradatim.training.schedule import learning_rate
from tests.training.numpy_learner import go_on, settings, start


class StopAt(Reporter):
    """A user who presses Ctrl-C during some steps."""

    def __init__(self, *steps, signal_number=signal.SIGINT):
        self.steps, self.number, self.warnings = steps, signal_number, []

    def stepped(self, step, loss):
        if step in self.steps:
            signal.raise_signal(self.number)

    def warned(self, message):
        self.warnings.append(message)


class Counting(Reporter):
    def __init__(self):
        self.steps = []

    def stepped(self, step, loss):
        self.steps.append(step)


def losses(run):
    return [
        {k: v for k, v in record.items() if k not in ("seconds", "steps_per_second")}
        for record in read_metrics(run.metrics)
    ]


def state(run):
    path = run.checkpoints / f"step-{run.load().step:08d}" / "state.safetensors"
    return path.read_bytes(), run.load().progress["position"]


def whole_run(root, config):
    run = start(root, config, name="whole")
    return run, go_on(run, config)


def test_a_training_ends_with_the_losses_on_the_three_splits(tmp_path):
    run, outcome = whole_run(tmp_path, settings(steps=20))
    assert (outcome.state, outcome.step, outcome.exit_code) == ("finished", 20, 0)
    assert set(outcome.losses) == {"train", "dev", "test"}
    assert outcome.steps_per_second > 0
    assert outcome.examples_per_second == pytest.approx(4 * outcome.steps_per_second)
    events = [(record["event"], record["step"]) for record in losses(run)]
    assert events[:3] == [("eval", 0), ("train", 1), ("train", 2)]
    assert events[-2:] == [("eval", 20), ("final", 20)]


@hypothesis_settings(max_examples=10)
@given(
    stops=st.sets(st.integers(1, 19), max_size=3),
    interval=st.integers(1, 7),
    chunks=st.lists(st.integers(0, 9), min_size=1, max_size=4).filter(any),
)
def test_stopping_anywhere_and_going_on_is_bitwise_never_having_stopped(
    tmp_path_factory, stops, interval, chunks
):
    root = tmp_path_factory.mktemp("runs")
    config = settings(steps=20, interval=interval)
    whole, expected = whole_run(root, config)
    run = start(root, config, name="stopped")
    reporter = StopAt(*stops)
    for _ in stops:  # in the middle of a chunk it cannot stop
        outcome = go_on(run, config, reporter=reporter, chunks=chunks)
        if outcome.state == "finished":
            break
        assert (outcome.step in stops, outcome.exit_code) == (True, 130)
        assert run.load().step == outcome.step
    assert go_on(run, config, reporter=reporter, chunks=chunks).losses == expected.losses
    assert state(run) == state(whole)
    assert losses(run) == losses(whole)


@pytest.mark.parametrize("interval", [4, 5, 20])
@pytest.mark.parametrize("moment", range(1, 12))
def test_stopping_in_the_middle_of_an_evaluation_too(tmp_path, interval, moment):
    from tests.training.numpy_learner import NumpyLearner

    class Slow(NumpyLearner):
        evaluations = 0

        def evaluate(self, split, **others):
            self.evaluations += 1
            if self.evaluations == moment:
                signal.raise_signal(signal.SIGTERM)
            return super().evaluate(split, **others)

    config = settings(steps=20, interval=interval)
    whole, expected = whole_run(tmp_path, config)
    run = start(tmp_path, config)
    with run.lock():
        outcome = train(run, config, Slow(config, chunks=[7]), start=run.load())
    assert (outcome.state, outcome.exit_code) in {("interrupted", 143), ("finished", 0)}
    if moment <= 2 * (20 // interval + 1) + 3:
        assert outcome.state == "interrupted"
    assert go_on(run, config).losses == expected.losses
    assert state(run) == state(whole)
    assert losses(run) == losses(whole)
    if outcome.step % interval == 0 and outcome.step:
        assert run.load("best").dev_loss == whole.load("best").dev_loss


@pytest.mark.parametrize("chunks", [[1], [20], [3], [0, 5, 1]])
def test_steps_at_once_change_nothing(tmp_path, chunks):
    config = settings(steps=20, interval=10)
    training = replace(config.training, log_interval=4)
    config = replace(config, training=training)
    whole, expected = whole_run(tmp_path, config)
    reporter = Counting()
    run = start(tmp_path, config)
    assert go_on(run, config, chunks=chunks, reporter=reporter).losses == expected.losses
    assert losses(run) == losses(whole)
    assert state(run) == state(whole)
    assert reporter.steps[-1] == 20
    assert {4, 8, 10, 12, 16, 20} <= set(reporter.steps)  # what is due is never passed over


def test_running_sums_survive_a_stop_between_two_lines_of_the_log(tmp_path):
    config = settings(steps=20, interval=10)
    config = type(config)(
        config.name,
        config.model,
        training=TrainingConfig(
            steps=20, log_interval=10, eval_interval=10, checkpoint_interval=10
        ),
    )
    whole, _ = whole_run(tmp_path, config)
    run = start(tmp_path, config, name="stopped")
    go_on(run, config, reporter=StopAt(7))
    go_on(run, config)
    assert losses(run) == losses(whole)


def test_sigterm_saves_too_and_has_its_own_exit_code(tmp_path):
    config = settings(steps=20, interval=10)
    run = start(tmp_path, config)
    outcome = go_on(run, config, reporter=StopAt(3, signal_number=signal.SIGTERM))
    assert (outcome.exit_code, run.load().step) == (143, 3)


def test_a_second_ctrl_c_stops_at_once(tmp_path):
    class Impatient(StopAt):
        def stepped(self, step, loss):
            super().stepped(step, loss)
            super().stepped(step, loss)

    config = settings(steps=20, interval=2)
    run = start(tmp_path, config)
    with pytest.raises(KeyboardInterrupt):
        go_on(run, config, reporter=Impatient(5))
    assert run.load().step == 4  # the step that was being done is lost, what was saved is not
    go_on(run, config)
    assert run.load().step == 20


def test_handlers_are_put_back(tmp_path):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    whole_run(tmp_path, settings(steps=2))
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


@pytest.mark.parametrize("chunk", [1, 5])
def test_a_nan_stops_and_says_the_step_and_how_to_go_on(tmp_path, chunk):
    config = settings(steps=20, interval=5)
    config = replace(config, training=replace(config.training, log_interval=5))
    run = start(tmp_path, config)
    with pytest.raises(Diverged) as error:
        go_on(run, config, blow_up_at=12, chunks=[chunk])
    assert error.value.step == 13
    message = str(error.value)
    assert message.startswith("step 13: the loss became nan: ")
    assert message.endswith(
        f"go on from step 10, slower: gradatim train --resume {run.typed} --set learning_rate=0.001"
    )
    assert run.load().step == 10
    assert all(math.isfinite(r.get("loss", 0)) for r in read_metrics(run.metrics))


def test_weights_that_are_not_finite_are_never_saved(tmp_path):
    class Poisoned(StopAt):
        def __init__(self):
            super().__init__()

    config = settings(steps=20, interval=5)
    run = start(tmp_path, config)
    go_on(run, config, reporter=StopAt(3))

    from tests.training.numpy_learner import NumpyLearner

    class Overflowing(NumpyLearner):
        def step(self, rate):
            loss = super().step(rate)
            if self.seen == 5:
                self.w = np.full_like(self.w, np.inf)
            return loss

    reporter = Poisoned()
    with (
        run.lock(),
        pytest.raises(
            Diverged, match=r"step 5: the train loss became inf: the update made 'w' infinite;"
        ),
    ):
        train(run, config, Overflowing(config), start=run.load(), reporter=reporter)
    assert run.load().step == 3
    assert "running the steps since the last checkpoint again" in reporter.warnings[0]


def test_a_full_disk_says_what_is_safe_and_what_to_type(tmp_path, monkeypatch):
    import os

    config = settings(steps=20, interval=5)
    run = start(tmp_path, config)
    sync, calls = os.fsync, []

    def full_after_a_while(handle):
        calls.append(handle)
        if len(calls) > 12:
            raise OSError(28, "No space left on device")
        sync(handle)

    monkeypatch.setattr(os, "fsync", full_after_a_while)
    with pytest.raises(Failure) as error:
        go_on(run, config)
    monkeypatch.undo()
    step = run.load().step
    assert f"run 'kill' is intact up to step {step}:" in str(error.value)
    assert f"make room, then type: gradatim train --resume {run.typed}" in str(error.value)
    assert not list(run.checkpoints.glob(".tmp*"))
    whole, _ = whole_run(tmp_path, config)
    go_on(run, config)
    assert state(run) == state(whole)


def test_a_finished_run_only_looks_again(tmp_path):
    config = settings(steps=10)
    run, expected = whole_run(tmp_path, config)
    before = losses(run)
    assert go_on(run, config).losses == expected.losses
    assert losses(run) == before


def test_the_best_checkpoint_is_saved_when_it_is_seen(tmp_path):
    config = settings(steps=20, interval=20)
    training = TrainingConfig(steps=20, eval_interval=3, checkpoint_interval=20, log_interval=20)
    config = type(config)(config.name, config.model, training=training)
    run = start(tmp_path, config)
    go_on(run, config)
    evaluations = [r for r in read_metrics(run.metrics) if r["event"] == "eval" and r["step"]]
    best = min(evaluations, key=lambda record: record["dev_loss"])
    assert run.load("best").step == best["step"]


def test_metrics_are_lines_of_json(tmp_path):
    run, _ = whole_run(tmp_path, settings(steps=4))
    for line in run.metrics.read_text(encoding="utf-8").splitlines():
        assert json.loads(line)["event"] in ("train", "eval", "final")


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine", "step"])
def test_schedules_start_at_the_rate_and_end_at_their_final_part(schedule):
    config = TrainingConfig(
        steps=101, learning_rate=2.0, schedule=schedule, warmup=1, final_fraction=0.25
    )
    rates = [learning_rate(config, step) for step in range(102)]
    assert rates[0] == rates[1] == 2.0
    assert rates[-1] == pytest.approx(2.0 if schedule == "constant" else 0.5)
    assert all(a >= b for a, b in pairwise(rates))


def test_each_learning_rate_is_made_once_and_few_at_a_time(tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(
        "gradatim.training.loop.learning_rate",
        lambda settings, step: made.append(step) or learning_rate(settings, step),
    )
    config = settings(steps=10**30, interval=10**29)
    config = replace(config, training=replace(config.training, log_interval=10**29))
    run = start(tmp_path, config)
    outcome = go_on(run, config, reporter=StopAt(30), chunks=(3,))
    assert outcome.step == 30
    assert made == [*range(len(made))]
    assert len(made) == 10_000
