"""The training loop: it steps, evaluates, saves and stops, and knows nothing about any model.

It trains a `Learner`. All state that determines the numbers is in the learner's arrays and
position, and in the loop's own `progress`; a checkpoint holds all three after a whole step, so
resuming from it is bitwise the same as never having stopped.
"""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .blas_threads import threads
from .checkpoint import Checkpoint, clean_checkpoints, save_checkpoint
from .config import RunConfig
from .diverged import broken_array, explain
from .errors import Diverged, Failure
from .interfaces import Learner, Reporter
from .metrics import MetricsLog, Record, cut_back, json_number, plain_number
from .runs import Run
from .schedule import learning_rate
from .signals import StopRequest

AHEAD = 10_000  # learning rates computed at a time: more steps than any learner takes in a moment


@dataclass
class Progress:
    """The loop's own state, all saved in checkpoints."""

    loss_sum: float = 0.0  # over the batches since the last line of the log
    loss_count: int = 0
    best_dev_loss: float = math.inf
    seconds: float = 0.0  # spent in steps, over all sessions of the run
    is_to_look: bool = False  # an evaluation was due but interrupted

    def to_json(self) -> dict[str, Any]:
        """The state as JSON values; JSON has no infinity."""
        return {name: json_number(value) for name, value in asdict(self).items()}

    @staticmethod
    def from_json(values: dict[str, Any]) -> Progress:
        """The inverse of `to_json`."""
        return Progress(**{name: plain_number(value) for name, value in values.items()})


@dataclass(frozen=True)
class Outcome:
    """How training ended: "finished" with the losses on all examples, or "interrupted"."""

    state: str
    step: int
    seconds: float
    steps_per_second: float
    examples_per_second: float
    losses: dict[str, float]
    exit_code: int = 0


def first_checkpoint(config: RunConfig, learner: Learner) -> Checkpoint:
    """The checkpoint of step 0, with which a run is created."""
    return _checkpoint(config, learner, 0, Progress(), None)


def train(
    run: Run,
    config: RunConfig,
    learner: Learner,
    *,
    start: Checkpoint,
    reporter: Reporter | None = None,
) -> Outcome:
    """Train from a checkpoint to the last step, or until Ctrl-C; the caller holds the run's lock.

    Errors: Diverged if the loss is not finite; Failure if the disk is full or not writable. In both
    cases the checkpoints of earlier steps are intact.
    """
    clean_checkpoints(run.checkpoints, after=start.step)
    # Step 0 has no losses yet: the loop writes them once the run exists.
    cut_back(run.metrics, step=start.step or -1)
    learner.restore(start.arrays, start.progress["position"])
    # A diverging run is reported once, by its loss; NumPy would warn at every operation.
    quiet = np.errstate(all="ignore")
    few = threads(config.training.threads)
    with quiet, few, StopRequest() as stop, MetricsLog(run.metrics) as metrics:
        loop = _Loop(run, config, learner, start, metrics, reporter or Reporter())
        return loop.run_to_the_end(stop)


class _Stopped(Exception):
    """A signal asked to stop; raised between steps, where state is consistent."""


class _Loop:
    """One session of training: the counters from a checkpoint to the end."""

    def __init__(
        self,
        run: Run,
        config: RunConfig,
        learner: Learner,
        start: Checkpoint,
        metrics: MetricsLog,
        reporter: Reporter,
    ) -> None:
        self.run, self.config, self.learner = run, config, learner
        self.metrics, self.reporter = metrics, reporter
        self.settings = config.training.resolved()
        self.step = self.first_step = self.saved_step = start.step
        self.progress = Progress.from_json(start.progress["loop"])
        self.seconds = 0.0  # spent in steps, this session
        self.planned = (self.step, np.empty(0))  # a step, and the learning rates from that step on
        self.under_way = (0, 0.0)  # steps and seconds of the first call, which may compile

    def run_to_the_end(self, stop: StopRequest) -> Outcome:
        self.reporter.started(self.run, self.config, self.step)
        self.stop = stop
        try:
            if self.step == 0 or self.progress.is_to_look:
                self.evaluate_and_save()
            while self.step < self.settings.steps:
                self.take_steps()
                self.stop_if_requested()
            return self.outcome("finished", self.final_losses())
        except _Stopped:
            self.save()
            return self.outcome("interrupted", {}, stop.exit_code)

    def stop_if_requested(self) -> None:
        """Raise _Stopped if a signal asked to stop."""
        if self.stop.requested:
            raise _Stopped

    def take_steps(self) -> None:
        """Take steps for a moment, or until something is due; then do it."""
        begin = time.perf_counter()
        rates = self.rates()
        losses = self.learner.steps(rates).tolist()
        for loss in losses:
            if not self.is_sound(loss):
                raise self.diverged(f"the loss became {loss}", self.step + 1)
            self.step += 1
            self.progress.loss_sum += loss
            self.progress.loss_count += 1
        elapsed = time.perf_counter() - begin
        self.seconds += elapsed
        self.progress.seconds += elapsed
        if losses and not self.under_way[0]:
            self.under_way = (len(losses), self.seconds)
        if losses:
            self.reporter.stepped(self.step, losses[-1])
            self.after_step(float(rates[len(losses) - 1]))

    def rates(self) -> np.ndarray:
        """The learning rates of the steps up to the next one after which something is due."""
        begin, planned = self.planned
        if self.step - begin >= len(planned):
            begin, planned = self.planned = (self.step, self.plan())
        return planned[self.step - begin :]

    def plan(self) -> np.ndarray:
        settings = self.settings
        ahead = [
            interval - self.step % interval
            for interval in (
                settings.log_interval,
                settings.eval_interval,
                settings.checkpoint_interval,
            )
        ]
        last = min(self.step + min(*ahead, AHEAD), settings.steps)
        return np.array([learning_rate(settings, step) for step in range(self.step, last)])

    def after_step(self, rate: float) -> None:
        """Do what is due after a step: log, evaluate, save."""
        if self.due(self.settings.log_interval):
            self.log_batch_loss(rate)
        if self.due(self.settings.eval_interval):
            self.evaluate_and_save()
        elif self.due(self.settings.checkpoint_interval):
            self.save()

    def evaluate_and_save(self) -> None:
        """Evaluate, and save a checkpoint if the dev loss is the best so far, or if one is due.

        If interrupted, the next checkpoint records that the evaluation is still due.
        """
        again, self.progress.is_to_look = self.progress.is_to_look, True
        best = self.evaluate_splits()
        self.progress.is_to_look = False
        if self.step and (best or again or self.due(self.settings.checkpoint_interval)):
            self.save(again=again)

    def is_sound(self, loss: float) -> bool:
        """Whether training can continue after such a loss."""
        return math.isfinite(loss) or not self.learner.descends

    def due(self, interval: int) -> bool:
        """Whether an interval ends at the current step; the last step ends all intervals."""
        return self.step % interval == 0 or self.step == self.settings.steps

    def log_batch_loss(self, rate: float) -> None:
        """Record the mean batch loss since the last such record."""
        progress = self.progress
        mean = progress.loss_sum / progress.loss_count
        progress.loss_sum, progress.loss_count = 0.0, 0
        self.record("train", loss=mean, learning_rate=rate)

    def evaluate_splits(self) -> bool:
        """Record the losses on train and dev; whether the dev loss is the best so far."""
        losses = {
            f"{split}_loss": self.evaluate(split, self.settings.eval_examples)
            for split in ("train", "dev")
        }
        self.record("eval", **losses)
        for name, loss in losses.items():
            if not self.is_sound(loss):
                raise self.diverged(f"the {name.replace('_', ' ')} became {loss}", self.step)
        self.dev_loss = losses["dev_loss"]
        best = self.dev_loss < self.progress.best_dev_loss
        self.progress.best_dev_loss = min(self.dev_loss, self.progress.best_dev_loss)
        return best

    def evaluate(self, split: str, examples: int) -> float:
        def between(part: float) -> None:
            self.stop_if_requested()
            self.reporter.evaluating(split, part)

        return self.learner.evaluate(split, examples=examples, between=between)

    def final_losses(self) -> dict[str, float]:
        losses = {split: self.evaluate(split, 0) for split in ("train", "dev", "test")}
        self.record("final", **{f"{split}_loss": loss for split, loss in losses.items()})
        return losses

    def record(self, event: str, **values: float) -> None:
        record: Record = {
            "event": event,
            "step": self.step,
            **values,
            "seconds": round(self.progress.seconds, 3),
            "steps_per_second": round(self.speed(), 1),
        }
        try:
            self.metrics.append(record)
        except Failure as error:
            raise self.saving_failed(error) from error
        self.reporter.recorded(record)

    def save(self, *, again: bool = False) -> None:
        if self.saved_step == self.step and not again:
            return
        evaluated = self.due(self.settings.eval_interval) and not self.progress.is_to_look
        dev_loss = self.dev_loss if evaluated else None
        checkpoint = _checkpoint(self.config, self.learner, self.step, self.progress, dev_loss)
        broken = broken_array(checkpoint.arrays)
        if broken:  # never save what cannot be resumed
            raise self.diverged(f"'{broken}' is not finite any more", self.step)
        try:
            self.metrics.sync()
            save_checkpoint(self.run.checkpoints, checkpoint)
        except (Failure, OSError) as error:
            raise self.saving_failed(error) from error
        self.saved_step = self.step

    def speed(self) -> float:
        """Steps per second in this session, excluding the first call once there are more."""
        steps, seconds = self.step - self.first_step, self.seconds
        if steps > self.under_way[0]:
            steps, seconds = steps - self.under_way[0], seconds - self.under_way[1]
        return steps / seconds if seconds else 0.0

    def outcome(self, state: str, losses: dict[str, float], exit_code: int = 0) -> Outcome:
        speed = self.speed()
        examples = speed * self.learner.examples_per_step()
        return Outcome(state, self.step, self.progress.seconds, speed, examples, losses, exit_code)

    def saving_failed(self, error: Exception) -> Failure:
        return Failure(
            f"{error}; run '{self.run.name}' is intact up to step {self.saved_step:,}:"
            f" make room, then type: gradatim train --resume {self.run.typed}"
        )

    def diverged(self, what: str, step: int) -> Diverged:
        self.reporter.warned(
            f"step {step:,}: {what}; running the steps since the last checkpoint again"
            " to find the operation"
        )
        why = explain(self.run, self.config, self.learner, step)
        slower = self.settings.learning_rate / 10
        return Diverged(
            f"step {step:,}: {what}: {why}; go on from step {self.saved_step:,}, slower:"
            f" gradatim train --resume {self.run.typed} --set learning_rate={slower:g}",
            step=step,
        )


def _checkpoint(
    config: RunConfig,
    learner: Learner,
    step: int,
    progress: Progress,
    dev_loss: float | None,
) -> Checkpoint:
    return Checkpoint(
        model=config.name,
        step=step,
        config=config.tables(),
        arrays=learner.arrays(),
        progress={"loop": progress.to_json(), "position": learner.position()},
        dev_loss=dev_loss,
    )
