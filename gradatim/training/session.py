"""Starting or resuming a run: locked, with everything ready for the loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from ..core.files import write_atomically
from ..core.random import default_generator
from .checkpoint import Checkpoint
from .config import RunConfig, apply_pairs
from .errors import BadUse
from .learner import ModelLearner
from .lock import Lock
from .loop import first_checkpoint
from .runs import Run, create_run, open_run
from .settings import (
    config_of,
    configured,
    default_config,
    find_model,
    read_task,
    variant_of,
)
from .tasks import Task
from .toml import read_toml, write_toml
from .trained import Trained
from .versions import versions

DEFAULT_MODEL = "mlp"

# Settings that a run cannot change, and why.
_FIXED = {
    "model": "its weights have that shape",
    "data.split_seed": "its words are split by it",
    "data.form": "its data was read that way",
    "data.tokenizer": "its tokens come from it",
    "training.seed": "its generator continues where it stopped",
    "training.optimizer": "the optimiser's state has that form",
    "training.momentum": "the optimiser's state has that form",
    "training.decay": "the optimiser's state has that form",
}


@dataclass(frozen=True)
class Session:
    """A run with everything needed to train it; it holds the run's lock until the block ends."""

    run: Run
    config: RunConfig
    learner: ModelLearner
    start: Checkpoint
    lock: Lock

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.lock.release()

    def trained(self, step: int) -> Trained:
        """The model in its current state."""
        return Trained(self.config, self.learner.model, self.learner.task.known(), step)

    def parameters(self) -> int:
        """The number of trained parameters."""
        return sum(p.numel() for p in self.learner.model.parameters())

    def headline(self) -> str:
        """What is trained on which data, and the run's name, as two lines."""
        parameters = f" with {self.parameters():,} parameters" if self.learner.descends else ""
        return (
            f"{self.config.name}{parameters} on {self.learner.task.extent()}\n"
            f"run {self.run.name}; Ctrl-C saves and stops"
        )

    def expected_dev_loss(self) -> tuple[float, float] | None:
        """The range that the default settings reach; None for other data or settings."""
        entry = find_model(self.config.name)
        variant = variant_of(entry, self.config)
        default = self.learner.task.sized(default_config(entry, variant))
        same = replace(default.training, seed=self.config.training.seed)
        usual = self.config.model == default.model and self.config.training == same
        return variant.expected_dev_loss if usual and self.learner.task.is_embedded else None


def new(
    root: Path,
    model: str | None,
    *,
    name: str | None = None,
    config_file: Path | None = None,
    pairs: list[str] | None = None,
    warn: Callable[[str], None] = lambda message: None,
) -> Session:
    """A new run: settings from the defaults, then the TOML file, then the pairs.

    `warn` is called if it cannot be compiled.

    Errors: BadUse for wrong settings, words or names; Failure if the folder cannot be written.
    """
    tables = read_toml(config_file) if config_file else {}
    entry = find_model(model or _model_in(tables) or DEFAULT_MODEL)
    config = configured(entry, pairs or [], tables=tables, source=str(config_file))
    task = read_task(config)
    config = task.sized(config)
    learner = make_learner(config, task, warn=warn)
    first = first_checkpoint(config, learner)
    run = create_run(root, name=name, config=config.tables(), first=first, files=task.files())
    lock = run.lock().acquire()
    task.keep_in(run.path)
    # Not `first`: before the lock was taken, another process may have continued the run.
    return Session(run, config, learner, run.load(), lock)


def go_on(
    root: Path,
    name: str,
    *,
    model: str | None = None,
    pairs: list[str] | None = None,
    warn: Callable[[str], None],
) -> Session:
    """A run resumed from its last intact checkpoint, perhaps with other settings from there on.

    `warn` is called for damaged checkpoints, for other software versions (which may give other
    digits), and if it cannot be compiled.

    Errors: BadUse for settings that a run must keep; RunInUse; CheckpointError.
    """
    run = open_run(root, name)
    lock = run.lock().acquire()
    try:
        start = run.load(on_damaged=lambda error: warn(f"{error}; going on from the one before"))
        if model is not None and find_model(model).name != start.model:
            raise BadUse(
                f"run '{run.name}' is a {start.model}, not a {model};"
                f" go on with gradatim train --resume {run.typed}, or train a new {model}"
            )
        before = config_of(start, run)
        config = _changed(before, pairs or [], run)
        _check_steps(config, start, run)
        task = read_task(config, start.progress["position"]["data"])
        _same_data(start, task, run)
        task.keep_in(run.path)
        learner = make_learner(config, task, warn=warn)
        _warn_of_other_versions(start, warn)
        if config != before:
            write_atomically(run.config, write_toml(config.tables()).encode("utf-8"))
        return Session(run, config, learner, start, lock)
    except BaseException:
        lock.release()
        raise


def make_learner(
    config: RunConfig, task: Task, *, warn: Callable[[str], None] = lambda message: None
) -> ModelLearner:
    """A new learner; the default generator is reset to the training seed."""
    default_generator.manual_seed(config.training.seed)
    model = find_model(config.name).load().Model(config.model)
    return ModelLearner(config, model, task, warn=warn)


def _model_in(tables: dict[str, Any]) -> str | None:
    model = tables.get("model")
    name = model.get("name") if isinstance(model, dict) else None
    return name if isinstance(name, str) else None


def _changed(before: RunConfig, pairs: list[str], run: Run) -> RunConfig:
    after = apply_pairs(before, pairs)
    old, new = before.tables(), after.tables()
    for section, table in new.items():
        for key, value in table.items():
            why = _FIXED.get(f"{section}.{key}", _FIXED.get(section))
            if why and value != old[section][key]:
                raise BadUse(
                    f"{section}.{key} of run '{run.name}' stays {old[section][key]}: {why};"
                    " for another value train a new run"
                )
    return replace(after, training=after.training.resolved())


def _check_steps(config: RunConfig, start: Checkpoint, run: Run) -> None:
    steps = config.training.steps
    if steps < start.step:
        raise BadUse(
            f"run '{run.name}' has done {start.step:,} steps, and training.steps={steps} is fewer:"
            f" ask for more, or evaluate it as it is: gradatim eval {run.typed}"
        )


def _same_data(start: Checkpoint, task: Task, run: Run) -> None:
    then = start.progress["position"]["data"]
    if task.known()["digest"] != then["digest"]:
        raise BadUse(
            f"{task.is_other_than()} that run '{run.name}' was trained on"
            f" ({then['name']}); give that file with --data FILE, or train a new run"
        )


def _warn_of_other_versions(start: Checkpoint, warn: Callable[[str], None]) -> None:
    now = versions()
    others = [
        f"{name} {then} (now {now[name]})"
        for name, then in start.versions.items()
        if now.get(name) not in (then, None)
    ]
    if others:
        warn(
            f"the checkpoint was made with {', '.join(others)};"
            " the digits to come may differ from those of a run that never stopped"
        )
