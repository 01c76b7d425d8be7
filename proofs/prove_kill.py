"""Proof: `kill -9` at any moment loses at most one checkpoint interval and never breaks a run.

Two ways, both with real processes that train a real model:

  random       a training is killed at random moments (fixed seed), checked, resumed, killed
               again ...; the moments fall into start-up, steps, and the writing of checkpoints
  exhaustive   a training is killed just before its 1st, 2nd, 3rd ... file operation, including
               renames, until it runs to completion

After every kill the run must load, be at most one interval behind the last logged step, and have
readable metrics. Whenever a run finishes, its last checkpoint and its metrics must be bitwise those
of an uninterrupted run.

    python proofs/prove_kill.py                  300 random kills and all file operations
    python proofs/prove_kill.py --kills 20
"""

import argparse
import contextlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gradatim.cli import main as gradatim_main
from gradatim.training.checkpoint import checkpoint_paths
from gradatim.training.metrics import read_metrics
from gradatim.training.runs import Run, list_runs

TIMES = ("seconds", "steps_per_second", "examples_per_second")  # may differ between two runs
FILE_EVENTS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate"}


@dataclass
class Report:
    """What was tried, and what failed."""

    kills: int = 0
    before_the_run_existed: int = 0
    during_a_checkpoint: int = 0
    finished: int = 0
    most_steps_lost: int = 0
    failures: list[str] = field(default_factory=list)


def final_state(run: Run) -> tuple[bytes, list[dict[str, Any]], dict[str, Any]]:
    """What must be bitwise equal: the last checkpoint, and the metrics without times."""
    last = checkpoint_paths(run.checkpoints)[-1]
    info = json.loads((last / "checkpoint.json").read_text(encoding="utf-8"))
    info["progress"]["loop"].pop("seconds")
    info.pop("checksum")
    metrics = [
        {key: value for key, value in record.items() if key not in TIMES}
        for record in read_metrics(run.metrics)
    ]
    return (last / "state.safetensors").read_bytes(), metrics, info


def inspect(root: Path, interval: int, report: Report, *, moment: str) -> None:
    """After a kill: the run loads, and little is lost."""
    report.kills += 1
    runs = list_runs(root)
    if not runs:
        report.before_the_run_existed += 1
        return
    run = runs[0]
    unfinished = [*run.checkpoints.glob(".tmp-step-*"), *run.checkpoints.glob(".tmp-old-*")]
    report.during_a_checkpoint += bool(unfinished)
    try:
        step = run.load(on_damaged=lambda error: report.failures.append(f"{moment}: {error}")).step
    except Exception as error:
        report.failures.append(f"{moment}: the run does not open: {error}")
        return
    logged = max((record["step"] for record in read_metrics(run.metrics)), default=0)
    report.most_steps_lost = max(report.most_steps_lost, logged - step)
    if logged - step > interval:
        report.failures.append(f"{moment}: step {logged} was done, but the run is at {step}")


def compare(run: Run, expected: Any, report: Report, *, moment: str) -> None:
    """A finished run must equal the uninterrupted one."""
    report.finished += 1
    for name, got, wanted in zip(
        ("checkpoint", "metrics", "description"), final_state(run), expected, strict=True
    ):
        if got != wanted:
            report.failures.append(f"{moment}: the {name} differs from the uninterrupted run's")


def random_kills(
    command: Callable[[Path], list[str]],
    *,
    kills: int,
    interval: int = 1,
    seed: int = 0,
    span: float = 0.15,
) -> Report:
    """Repeatedly kill the program that `command(folder)` starts or resumes.

    One kill in five falls anywhere in the start-up; the others up to `span` seconds after the
    metrics began to grow, when most of the time goes into checkpoints.
    """
    moments, report = random.Random(seed), Report()
    with tempfile.TemporaryDirectory() as folder:
        reference, root = Path(folder) / "reference", Path(folder) / "killed"
        began = time.monotonic()
        subprocess.run(command(reference), check=True, stdout=subprocess.DEVNULL)
        whole = time.monotonic() - began
        expected = final_state(list_runs(reference)[0])
        while report.kills < kills:
            early = moments.random() < 0.2
            delay = moments.uniform(0, whole / 2 if early else span)
            moment = f"kill {report.kills + 1}, {delay:.4f} s after {'start' if early else 'steps'}"
            if _killed(command(root), root, delay, wait_for_steps=not early):
                inspect(root, interval, report, moment=moment)
            else:
                compare(list_runs(root)[0], expected, report, moment=moment)
                shutil.rmtree(root)
        subprocess.run(command(root), check=True, stdout=subprocess.DEVNULL)
        compare(list_runs(root)[0], expected, report, moment="at the end")
    return report


def _killed(command: list[str], root: Path, delay: float, *, wait_for_steps: bool) -> bool:
    """Start the program and kill it after a while; False if it had ended by then."""
    before = _metrics_stamp(root)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while wait_for_steps and _metrics_stamp(root) == before and process.poll() is None:
        time.sleep(0.001)
    time.sleep(delay)
    process.kill()
    code = process.wait()
    if code not in (0, -signal.SIGKILL):
        raise SystemExit(f"the training ended by itself with code {code}")
    return code != 0


def _metrics_stamp(root: Path) -> list[tuple[str, int, int]]:
    stamps = []
    for path in root.glob("*/metrics.jsonl"):
        stat = path.stat()
        stamps.append((str(path), stat.st_size, stat.st_mtime_ns))
    return stamps


def exhaustive_kills(train: Callable[[Path], None], *, interval: int = 1) -> Report:
    """Kill the function `train(folder)`, which starts or resumes, before each file operation.

    Needs `fork` (not Windows): every victim is a copy of this process, which saves start-up time.
    """
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        reference = Path(folder) / "reference"
        train(reference)
        expected = final_state(list_runs(reference)[0])
        operation = 1
        while True:
            root = Path(folder) / f"killed-{operation}"
            if not _dies_before(operation, train, root):
                return report
            moment = f"before file operation {operation}"
            inspect(root, interval, report, moment=moment)
            train(root)
            compare(list_runs(root)[0], expected, report, moment=moment)
            shutil.rmtree(root)
            operation += 1


def _dies_before(operation: int, train: Callable[[Path], None], root: Path) -> bool:
    child = os.fork()
    if child == 0:
        _die_before(operation, root)
        train(root)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True
    if status != 0:
        raise SystemExit(f"the training ended by itself with status {status}")
    return False


def _die_before(operation: int, root: Path) -> None:
    """Count this process's file operations under a folder from now on, and die before the nth."""
    left, prefix = operation, str(root)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        if event in FILE_EVENTS and str(arguments[0]).startswith(prefix):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def arguments(root: Path, *, steps: int, eval_interval: int) -> list[str]:
    """The `gradatim` arguments that start or resume the training."""
    common = ["--runs", str(root), "--samples", "0"]
    if (root / "proof").exists():
        return ["train", "--resume", "proof", *common]
    settings = {
        "steps": steps,
        "log_interval": 1,
        "checkpoint_interval": 1,
        "eval_interval": eval_interval,
        "eval_examples": 500,
    }
    pairs = [f"training.{key}={value}" for key, value in settings.items()]
    return ["train", "mlp", "--name", "proof", *common, *(f"--set={pair}" for pair in pairs)]


def command_line(root: Path) -> list[str]:
    """The program as a separate process."""
    gradatim = [sys.executable, "-m", "gradatim"]
    return [*gradatim, *arguments(root, steps=300, eval_interval=50)]


def in_this_process(root: Path) -> None:
    """The same, but short and without a new process."""
    with contextlib.redirect_stdout(io.StringIO()):
        code = gradatim_main(arguments(root, steps=3, eval_interval=2))
    if code:
        raise SystemExit(f"the training ended by itself with code {code}")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=300, help="random kills (300)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the moments (0)")
    options = parser.parse_args()
    reports = {"random": random_kills(command_line, kills=options.kills, seed=options.seed)}
    if hasattr(os, "fork"):
        reports["before every file operation"] = exhaustive_kills(in_this_process)
    print(json.dumps({name: asdict(report) for name, report in reports.items()}, indent=1))
    return 1 if any(report.failures for report in reports.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
