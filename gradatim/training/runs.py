"""Runs: one folder each under `runs/`, created atomically with its first checkpoint.

runs/mlp-1/
    config.toml         the resolved settings; `gradatim train --config` takes it
    tokenizer.json      for token models: a copy of the tokeniser
    metrics.jsonl       the numbers over time
    checkpoints/        the last three and the best
    run.lock            held by the process that trains it
"""

import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ..core.files import TEMPORARY, sync_folder, write_synced
from .checkpoint import (
    INFO,
    Checkpoint,
    best_checkpoint,
    checkpoint_paths,
    load_checkpoint,
    newest_checkpoint,
    read_info,
    save_checkpoint,
    step_of,
)
from .errors import BadUse, CheckpointError, DamagedCheckpoint, Failure, did_you_mean
from .files import sweep
from .lock import Lock, is_locked
from .metrics import last_step
from .toml import write_toml

RUNS = Path("runs")  # the default of --runs
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


@dataclass(frozen=True)
class Run:
    """The folder of one run."""

    path: Path

    @property
    def name(self) -> str:
        """The name that commands take."""
        return self.path.name

    @property
    def typed(self) -> str:
        """What to type for it: its name, or its path if it is not in the default folder.

        >>> Run(Path("runs/mlp-1")).typed, Run(Path("my runs/mlp-1")).typed
        ('mlp-1', '"my runs/mlp-1"')
        """
        text = self.name if self.path.parent == RUNS else str(self.path)
        return f'"{text}"' if " " in text else text

    @property
    def checkpoints(self) -> Path:
        """The folder of its checkpoints."""
        return self.path / "checkpoints"

    @property
    def metrics(self) -> Path:
        """The file of its numbers over time."""
        return self.path / "metrics.jsonl"

    @property
    def config(self) -> Path:
        """The file of its resolved settings."""
        return self.path / "config.toml"

    @property
    def lock_path(self) -> Path:
        """The file that the training process locks."""
        return self.path / "run.lock"

    def lock(self) -> Lock:
        """The lock for training it, not yet acquired."""
        return Lock(self.lock_path, of=f"run '{self.name}'")

    def load(
        self,
        which: str = "last",
        *,
        on_damaged: Callable[[DamagedCheckpoint], None] | None = None,
    ) -> Checkpoint:
        """The checkpoint "last", "best", or that of a step such as "2000"."""
        if which == "last":
            return newest_checkpoint(self.checkpoints, on_damaged=on_damaged)
        if which == "best":
            return best_checkpoint(self.checkpoints)
        path = self.checkpoints / f"step-{int(which):08d}" if which.isdigit() else None
        if path is None or not path.exists():
            raise BadUse(
                f"run '{self.name}' has no checkpoint '{which}';"
                f" it has last, best, {', '.join(str(step) for step in self.steps())}"
            )
        return load_checkpoint(path)

    def steps(self) -> list[int]:
        """The steps that have checkpoints."""
        return [step_of(path) for path in checkpoint_paths(self.checkpoints)]


@dataclass(frozen=True)
class Summary:
    """One line of the table of runs; `state` is running, finished, interrupted or damaged.

    `step` is that of the newest checkpoint, or of the newest metrics if running; `when` is the time
    of the newest checkpoint, None if none can be read.
    """

    name: str
    model: str
    step: int
    steps: int
    dev_loss: float | None
    state: str
    when: datetime | None


def create_run(
    root: Path,
    *,
    name: str | None,
    config: dict[str, Any],
    first: Checkpoint,
    files: Mapping[str, bytes] | None = None,
) -> Run:
    """Create a run with its settings and first checkpoint, atomically.

    `files` are further files for its folder, by name.

    Without a name it takes the first free one of `<model>-1`, `<model>-2`, ...
    Errors: BadUse if the name is taken or invalid; Failure if the folder cannot be written.
    """
    if name is not None:
        check_name(name)
    try:
        root.mkdir(parents=True, exist_ok=True)
        with Lock(root / ".lock", of=f"the folder {root}", patience=10.0):
            sweep(root)  # holding the lock, nobody else is creating a run
            run = Run(root / (name or free_name(root, first.model)))
            if run.path.exists():
                raise BadUse(_taken_message(run))
            _build(run, config, first, files or {})
    except OSError as error:
        raise Failure(
            f"cannot create a run in {root.absolute()} ({error.strerror or error});"
            " choose a folder you may write with --runs FOLDER"
        ) from error
    return run


def _build(run: Run, config: dict[str, Any], first: Checkpoint, files: Mapping[str, bytes]) -> None:
    new = Run(run.path.with_name(f"{TEMPORARY}{run.name}"))
    try:
        new.checkpoints.mkdir(parents=True)
        write_synced(new.config, write_toml(config).encode("utf-8"))
        for file, content in files.items():
            write_synced(new.path / file, content)
        save_checkpoint(new.checkpoints, first)
        new.path.rename(run.path)
        sync_folder(run.path.parent)
    except BaseException:
        shutil.rmtree(new.path, ignore_errors=True)
        raise


def open_run(root: Path, name: str) -> Run:
    """The run of that name, or at that path.

    Errors: BadUse with the nearest name, or with what to type if there are no runs.
    """
    for path in (root / name, Path(name)):
        if (path / "checkpoints").is_dir():
            return Run(path)
    names = [run.name for run in list_runs(root)]
    if not names:
        raise BadUse(f"no run '{name}': {root} has none yet; type: gradatim train")
    are = "is" if len(names) == 1 else "are"
    hint = did_you_mean(name, names) or f"; there {are} {', '.join(names[:8])}"
    raise BadUse(f"no run '{name}' in {root}{hint}")


def list_runs(root: Path) -> list[Run]:
    """All runs under a folder, the most recently written last."""
    if not root.is_dir():
        return []
    runs = [Run(path) for path in root.iterdir() if not path.name.startswith(".")]
    return sorted((run for run in runs if run.checkpoints.is_dir()), key=_written)


def latest_run(root: Path) -> Run:
    """The most recently written run. Errors: BadUse says what to type if there is none."""
    runs = list_runs(root)
    if not runs:
        raise BadUse(f"no run in {root} yet; type: gradatim train")
    return runs[-1]


def free_name(root: Path, model: str) -> str:
    """The name `<model>-<number>` after the highest number taken.

    >>> free_name(Path("no such folder"), "mlp")
    'mlp-1'
    """
    pattern = re.compile(re.escape(model) + r"-(\d+)")
    taken = [pattern.fullmatch(path.name) for path in root.iterdir()] if root.is_dir() else []
    return f"{model}-{max((int(match[1]) for match in taken if match), default=0) + 1}"


def check_name(name: str) -> None:
    """Refuse a name that is not a plain folder name. Errors: BadUse.

    >>> check_name("../mlp")
    Traceback (most recent call last):
    gradatim.training.errors.BadUse: '../mlp' is no name for a run; use letters, digits, ...
    """
    if not _NAME.fullmatch(name):
        raise BadUse(f"'{name}' is no name for a run; use letters, digits, '-', '_' and '.'")


def summarise(run: Run) -> Summary:
    """The line for a run in the table of runs; a damaged run is listed as such."""
    infos = _infos(run)
    if not infos:
        return Summary(run.name, "?", 0, 0, None, "damaged", None)
    info = infos[-1]
    steps = info["config"].get("training", {}).get("steps", 0)
    running = is_locked(run.lock_path)
    state = "finished" if info["step"] >= steps else "interrupted"
    losses = [i["dev_loss"] for i in infos if isinstance(i["dev_loss"], float)]
    return Summary(
        name=run.name,
        model=info["model"],
        step=max(info["step"], last_step(run.metrics)) if running else info["step"],
        steps=steps,
        dev_loss=min(losses, default=None),
        state="running" if running else state,
        when=datetime.fromtimestamp(_written(run)).astimezone(),
    )


def _infos(run: Run) -> list[dict[str, Any]]:
    infos = []
    for path in _paths(run):
        with suppress(CheckpointError):
            infos.append(read_info(path))
    return infos


def _written(run: Run) -> float:
    times = [0.0]
    for path in _paths(run):
        with suppress(OSError):
            times.append((path / INFO).stat().st_mtime)
    return max(times)


def _paths(run: Run) -> list[Path]:
    """Its checkpoints; none if they cannot be read, so that the table still lists other runs."""
    with suppress(CheckpointError):
        return checkpoint_paths(run.checkpoints)
    return []


def _taken_message(run: Run) -> str:
    if not run.checkpoints.is_dir():
        return f"{run.path} exists but is not a run; choose another --name"
    summary = summarise(run)
    others = f"go on with it: gradatim train --resume {run.typed}, or choose another --name"
    return (
        f"run '{run.name}' exists ({summary.model}, step {summary.step:,} of {summary.steps:,},"
        f" {summary.state}); {'choose another --name' if summary.state == 'running' else others}"
    )
