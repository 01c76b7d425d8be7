"""Progress of a training: a bar on a terminal, one line per evaluation in a pipe or log.

Both show the time left.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

import click

from ..training.config import RunConfig
from ..training.interfaces import Reporter
from ..training.metrics import Record
from ..training.runs import Run
from .waiting import EvaluationProgress, duration

if TYPE_CHECKING:
    from rich.progress import Progress

REFRESH = 0.1  # seconds between redraws of the bar: one costs as much as several small steps


class Lines(Reporter):
    """One line per evaluation, as suits a log."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.steps = 0
        self.loss = float("nan")
        self.marks: list[tuple[int, float]] = []  # steps and their times
        self.evaluation = EvaluationProgress(self.line)

    def started(self, run: Run, config: RunConfig, step: int) -> None:
        """Print the first lines."""
        self.steps = config.training.steps
        if step:
            self.line(f"going on after step {step:,} of {self.steps:,}")

    def stepped(self, step: int, loss: float) -> None:
        """Prints nothing, but starts the clock: earlier steps may have included compilation."""
        if not self.marks:
            self.mark(step)

    def evaluating(self, split: str, part: float) -> None:
        """Print how far a long evaluation is."""
        self.evaluation(split, part)

    def recorded(self, record: Record) -> None:
        """Print an evaluation with the batch loss since the last one."""
        if record["event"] == "train":
            self.loss = record["loss"]
        if record["event"] == "eval":
            self.line(evaluation_line(record, self.steps) + self.time_left(record["step"]))

    def time_left(self, step: int) -> str:
        """The time left at the recent speed, as the end of a line."""
        if not self.marks:
            return ""
        begin, then = self.marks[len(self.marks) // 2]
        now = self.mark(step)
        if not begin < step < self.steps:
            return ""
        return f"   {duration((now - then) / (step - begin) * (self.steps - step))} left"

    def mark(self, step: int) -> float:
        """Record the time of a step; returns the time."""
        now = time.monotonic()
        self.marks.append((step, now))
        return now

    def warned(self, message: str) -> None:
        """Print a warning on its own line on stderr."""
        click.echo(f"Warning: {message}", err=True)

    def line(self, text: str) -> None:
        """Print one line and flush it."""
        click.echo(text, file=self.stream)
        self.stream.flush()

    def close(self) -> None:
        """Nothing to clean up."""


class Bar(Lines):
    """A progress bar with the batch loss and the time left; evaluations stand above it."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self.bar = _bar(stream)
        self.next_time = 0.0

    def started(self, run: Run, config: RunConfig, step: int) -> None:
        """Show the bar."""
        super().started(run, config, step)
        self.task = self.bar.add_task("", total=self.steps, completed=step, loss="")
        self.bar.start()

    def stepped(self, step: int, loss: float) -> None:
        """Move the bar, at most ten times a second."""
        now = time.monotonic()
        if now >= self.next_time or step == self.steps:
            self.next_time = now + REFRESH
            self.bar.update(self.task, completed=step, loss=f"loss {loss:.3f}")
            self.bar.refresh()

    def time_left(self, step: int) -> str:
        """Empty: the bar shows it."""
        return ""

    def warned(self, message: str) -> None:
        """Print a warning above the bar."""
        self.line(f"Warning: {message}")

    def line(self, text: str) -> None:
        """Print a line above the bar."""
        self.bar.console.print(text)

    def close(self) -> None:
        """Leave the bar as it is and restore the terminal."""
        self.bar.stop()


def reporter(*, stderr: bool) -> Lines:
    """A bar if the stream is a terminal, else lines."""
    stream = sys.stderr if stderr else sys.stdout
    return Bar(stream) if stream.isatty() else Lines(stream)


def evaluation_line(record: Record, steps: int) -> str:
    """One evaluation as one line.

    >>> record = {"step": 1000, "train_loss": 2.25, "dev_loss": 2.3, "steps_per_second": 950.0}
    >>> evaluation_line(record, 20000)
    'step  1,000 of 20,000   train 2.2500   dev 2.3000   950 steps/s'
    """
    total = f"{steps:,}"
    line = (
        f"step {record['step']:>{len(total)},} of {total}"
        f"   train {record['train_loss']:.4f}   dev {record['dev_loss']:.4f}"
    )
    speed = record["steps_per_second"]
    return f"{line}   {speed:,.{0 if speed >= 10 else 1}f} steps/s" if speed else line


def _bar(stream: TextIO) -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    columns: list[Any] = [
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[loss]}"),
        TimeRemainingColumn(compact=True),
    ]
    # No refresh thread: it would take the GIL from the steps at arbitrary moments.
    return Progress(*columns, console=console, auto_refresh=False)
