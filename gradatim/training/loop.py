"""The one training loop: it steps, looks, saves and stops, and knows nothing of any model.

What it trains is a `Learner`. Everything that decides the numbers lies in the learner's arrays
and position, and in the loop's own `progress`; a checkpoint holds all three after a whole step, so
going on from it is bitwise the same as never having stopped.
"""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np

from .blas_threads import blas_threads
from .checkpoint import Checkpoint, clean_checkpoints, save_checkpoint
from .config import RunConfig
from .diverged import broken_array, explain
from .errors import Diverged, Failure
from .metrics import MetricsLog, Record, cut_back, json_number, plain_number
from .runs import Run
from .schedule import learning_rate
from .signals import StopRequest


class Learner(Protocol):
    """What the loop trains: a model with its optimiser, its examples and its random numbers."""

    @property
    def descends(self) -> bool:
        """Whether a loss that is not finite means that gradient descent went wrong.

        A counted model may give a letter that it never saw the probability 0.
        """

    def step(self, rate: float) -> float:
        """One step at this learning rate; the batch's loss before the update.

        If that loss is not finite, nothing is updated.
        """

    def evaluate(self, split: str, *, examples: int) -> float:
        """The mean loss on "train", "dev" or "test"; of the first so many examples, 0 for all.

        Draws nothing from the generators of the training.
        """

    def arrays(self) -> dict[str, np.ndarray]:
        """Parameters, buffers, optimiser state and generators, by name."""

    def position(self) -> dict[str, Any]:
        """Where in the data it is, as JSON values."""

    def restore(self, arrays: dict[str, np.ndarray], position: dict[str, Any]) -> None:
        """Be again what it was when `arrays` and `position` were asked for."""

    def examples_per_step(self) -> int:
        """How many examples one step looks at, for the speed."""


class Reporter(Protocol):
    """Who is told how the training goes; a progress bar, a log, a test."""

    def started(self, run: Run, config: RunConfig, step: int) -> None:
        """Training begins or goes on after `step` steps."""

    def stepped(self, step: int, loss: float) -> None:
        """A step is done; called for each one, so it must be quick."""

    def recorded(self, record: Record) -> None:
        """A line was added to the metrics."""

    def warned(self, message: str) -> None:
        """Something that the user should know and that does not stop the training."""


class Silent:
    """A reporter that says nothing."""

    def started(self, run: Run, config: RunConfig, step: int) -> None:
        """Say nothing."""

    def stepped(self, step: int, loss: float) -> None:
        """Say nothing."""

    def recorded(self, record: Record) -> None:
        """Say nothing."""

    def warned(self, message: str) -> None:
        """Say nothing."""


@dataclass
class Progress:
    """What the loop remembers from step to step, beside the learner: all of it is saved."""

    loss_sum: float = 0.0  # of the batches since the last line of the log
    loss_count: int = 0
    best_dev_loss: float = math.inf
    seconds: float = 0.0  # spent in steps, over all sessions of the run

    def to_json(self) -> dict[str, Any]:
        """As JSON values; JSON has no infinity."""
        return {name: json_number(value) for name, value in asdict(self).items()}

    @staticmethod
    def from_json(values: dict[str, Any]) -> Progress:
        """What `to_json` made."""
        return Progress(**{name: plain_number(value) for name, value in values.items()})


@dataclass(frozen=True)
class Outcome:
    """How a training ended: "finished" with the losses on all examples, or "interrupted"."""

    state: str
    step: int
    seconds: float
    steps_per_second: float
    examples_per_second: float
    losses: dict[str, float]
    exit_code: int = 0


def first_checkpoint(config: RunConfig, learner: Learner) -> Checkpoint:
    """The checkpoint of step 0, with which a run begins to exist."""
    return _checkpoint(config, learner, 0, Progress(), None)


def train(
    run: Run,
    config: RunConfig,
    learner: Learner,
    *,
    start: Checkpoint,
    reporter: Reporter | None = None,
) -> Outcome:
    """Train from a checkpoint to the last step, or until Ctrl-C; the run's lock must be held.

    Errors: Diverged if the loss is not finite; Failure if the disk is full or not writable. In both
    cases the checkpoints of earlier steps are intact.
    """
    clean_checkpoints(run.checkpoints, after=start.step)
    # Step 0 has no losses yet: they are written by the loop, after the run exists.
    cut_back(run.metrics, step=start.step or -1)
    learner.restore(start.arrays, start.progress["position"])
    # A diverging run is reported once, by the loss; NumPy would warn at every operation.
    quiet = np.errstate(all="ignore")
    threads = blas_threads(config.training.threads)
    with quiet, threads, StopRequest() as stop, MetricsLog(run.metrics) as metrics:
        loop = _Loop(run, config, learner, start, metrics, reporter or Silent())
        return loop.run_to_the_end(stop)


class _Loop:
    """One session of training: the counters between a checkpoint and the end."""

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
        self.seconds = 0.0  # in steps, this session

    def run_to_the_end(self, stop: StopRequest) -> Outcome:
        self.reporter.started(self.run, self.config, self.step)
        if self.step == 0:
            self.look()
        while self.step < self.settings.steps:
            self.one_step()
            if stop.requested:
                self.save()
                return self.outcome("interrupted", {}, stop.exit_code)
        return self.outcome("finished", self.final_losses())

    def one_step(self) -> None:
        """One step, and what is due after it: a line in the log, the losses, a checkpoint."""
        begin = time.perf_counter()
        rate = learning_rate(self.settings, self.step)
        loss = self.learner.step(rate)
        if not self.is_sound(loss):
            raise self.diverged(f"the loss became {loss}", self.step + 1)
        self.step += 1
        self.progress.loss_sum += loss
        self.progress.loss_count += 1
        elapsed = time.perf_counter() - begin
        self.seconds += elapsed
        self.progress.seconds += elapsed
        self.reporter.stepped(self.step, loss)
        if self.due(self.settings.log_interval):
            self.note(rate)
        best = self.due(self.settings.eval_interval) and self.look()
        if best or self.due(self.settings.checkpoint_interval):
            self.save()

    def is_sound(self, loss: float) -> bool:
        """Whether training can go on with such a loss."""
        return math.isfinite(loss) or not self.learner.descends

    def due(self, interval: int) -> bool:
        """Whether something of this interval follows the present step; always after the last."""
        return self.step % interval == 0 or self.step == self.settings.steps

    def note(self, rate: float) -> None:
        """The mean batch loss since the last line, into the metrics."""
        progress = self.progress
        mean = progress.loss_sum / progress.loss_count
        progress.loss_sum, progress.loss_count = 0.0, 0
        self.record("train", loss=mean, learning_rate=rate)

    def look(self) -> bool:
        """The losses on train and dev, into the metrics; whether dev is the best so far."""
        losses = {
            f"{split}_loss": self.learner.evaluate(split, examples=self.settings.eval_examples)
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

    def final_losses(self) -> dict[str, float]:
        losses = {s: self.learner.evaluate(s, examples=0) for s in ("train", "dev", "test")}
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
            raise self.cannot_go_on(error) from error
        self.reporter.recorded(record)

    def save(self) -> None:
        if self.saved_step == self.step:
            return
        dev_loss = self.dev_loss if self.due(self.settings.eval_interval) else None
        checkpoint = _checkpoint(self.config, self.learner, self.step, self.progress, dev_loss)
        broken = broken_array(checkpoint.arrays)
        if broken:  # never save what cannot be gone on from
            raise self.diverged(f"'{broken}' is not finite any more", self.step)
        try:
            self.metrics.sync()
            save_checkpoint(self.run.checkpoints, checkpoint)
        except (Failure, OSError) as error:
            raise self.cannot_go_on(error) from error
        self.saved_step = self.step

    def speed(self) -> float:
        return (self.step - self.first_step) / self.seconds if self.seconds else 0.0

    def outcome(self, state: str, losses: dict[str, float], exit_code: int = 0) -> Outcome:
        speed = self.speed()
        examples = speed * self.learner.examples_per_step()
        return Outcome(state, self.step, self.progress.seconds, speed, examples, losses, exit_code)

    def cannot_go_on(self, error: Exception) -> Failure:
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
