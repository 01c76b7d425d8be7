"""Checkpoints: folders written atomically and verified by checksums when read.

    checkpoints/step-00002000/
        state.safetensors       every array: parameters, optimiser, generators
        checkpoint.json         step, config, losses, versions, and the checksum of the other file

Both files are written into a temporary folder and flushed to disk, then the folder is renamed: a
process killed at any moment leaves the earlier checkpoints and perhaps a leftover, which the next
writer removes. Nothing is unpickled; a checkpoint is numbers and JSON.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..core.array_file import from_bytes, to_bytes
from ..core.files import TEMPORARY, sync_folder, write_synced
from .errors import CheckpointError, DamagedCheckpoint, Failure
from .files import remove_folder, sweep
from .metrics import json_number, plain_number
from .versions import versions

STATE, INFO = "state.safetensors", "checkpoint.json"
FORMAT = 1
_STEP = re.compile(r"step-\d{8,}")
KEEP = 3  # how many of the newest are kept, besides the best


@dataclass(frozen=True)
class Checkpoint:
    """All that is needed to resume: arrays by name, and JSON values.

    `progress` is the loop's own state (running sums, seconds); `dev_loss` is set if the step was
    evaluated, and selects the best checkpoint. `versions` are the software versions that made it.
    """

    model: str
    step: int
    config: dict[str, Any]
    arrays: dict[str, np.ndarray] = field(repr=False)
    progress: dict[str, Any] = field(default_factory=dict)
    dev_loss: float | None = None
    versions: dict[str, str] = field(default_factory=versions)


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint into its folder atomically; keep only the last three and the best.

    Errors: Failure if the disk is full or the folder cannot be written; earlier ones are intact.
    """
    final = folder / _name(checkpoint.step)
    temporary = folder / f"{TEMPORARY}{final.name}"
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        state = to_bytes(checkpoint.arrays, None)
        write_synced(temporary / STATE, state)
        write_synced(temporary / INFO, _info_bytes(checkpoint, state))
        sync_folder(temporary)
        if final.exists():
            remove_folder(final)
        temporary.rename(final)
        sync_folder(folder)
        _prune(folder)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise Failure(
            f"cannot save the checkpoint of step {checkpoint.step:,} in {folder}"
            f" ({error.strerror or error})"
        ) from error
    return final


def load_checkpoint(path: Path) -> Checkpoint:
    """Read one checkpoint and verify every byte of it.

    Errors: CheckpointError if there is none, DamagedCheckpoint if its bytes have changed.
    """
    info = read_info(path)
    state = _read(path / STATE)
    if len(state) != info["bytes"]:
        raise DamagedCheckpoint(
            f"{path / STATE} is truncated: {len(state):,} bytes of {info['bytes']:,}"
        )
    if hashlib.sha256(state).hexdigest() != info["sha256"]:
        raise DamagedCheckpoint(f"{path / STATE} was altered: its checksum differs")
    return Checkpoint(
        model=info["model"],
        step=info["step"],
        config=info["config"],
        arrays=from_bytes(state)[0],
        progress=info["progress"],
        dev_loss=plain_number(info["dev_loss"]),
        versions=info["versions"],
    )


def read_info(path: Path) -> dict[str, Any]:
    """A checkpoint's JSON, its own checksum verified, without reading the arrays."""
    if not path.is_dir():
        raise CheckpointError(f"{path}: no such checkpoint")
    try:
        info = json.loads(_read(path / INFO))
    except ValueError:
        raise DamagedCheckpoint(f"{path / INFO} is truncated or altered: not JSON") from None
    if not isinstance(info, dict) or info.get("checksum") != _checksum(info):
        raise DamagedCheckpoint(f"{path / INFO} was altered: its checksum differs")
    if info["format"] != FORMAT:
        raise CheckpointError(
            f"{path} has format {info['format']}, this version of Gradatim reads {FORMAT};"
            f" it was written by Gradatim {info['versions']['gradatim']}"
        )
    return info


def checkpoint_paths(folder: Path) -> list[Path]:
    """The checkpoints of a folder, oldest first, ignoring leftovers of a killed process.

    Errors: CheckpointError if the folder cannot be read; a missing folder has none.
    """
    try:
        paths = [path for path in folder.iterdir() if _STEP.fullmatch(path.name)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CheckpointError(f"{folder} cannot be read ({error.strerror})") from error
    return sorted(paths, key=step_of)


def step_of(path: Path) -> int:
    """The step in a checkpoint's name.

    >>> step_of(Path("checkpoints/step-00002000"))
    2000
    """
    return int(path.name.removeprefix("step-"))


def newest_checkpoint(
    folder: Path, *, on_damaged: Callable[[DamagedCheckpoint], None] | None = None
) -> Checkpoint:
    """The newest intact checkpoint; each damaged one passed over is reported.

    Errors: CheckpointError if there is none.
    """
    damaged: DamagedCheckpoint | None = None
    paths = checkpoint_paths(folder)
    while paths:
        path = paths.pop()
        try:
            return load_checkpoint(path)
        except CheckpointError as error:
            if not path.exists():  # a running training has just removed it: list again
                paths = checkpoint_paths(folder)
            elif isinstance(error, DamagedCheckpoint):
                damaged = error
                if on_damaged:
                    on_damaged(error)
            else:
                raise
    if damaged:
        raise CheckpointError(
            f"{damaged}, and {folder} has no intact checkpoint;"
            " restore it from a copy, or train a new run"
        )
    raise CheckpointError(f"no checkpoint in {folder}; train a new run")


def best_checkpoint(folder: Path) -> Checkpoint:
    """The intact checkpoint with the lowest dev loss, or the newest if none was evaluated."""
    evaluated = [
        (loss, path) for path in checkpoint_paths(folder) if (loss := _dev_loss(path)) < np.inf
    ]
    for _, path in sorted(evaluated):
        try:
            return load_checkpoint(path)
        except DamagedCheckpoint:
            continue
    return newest_checkpoint(folder)


def clean_checkpoints(folder: Path, *, after: int) -> None:
    """Before resuming from a step, remove leftovers and set aside damaged checkpoints after it."""
    sweep(folder)
    for path in checkpoint_paths(folder):
        if step_of(path) > after:
            aside = path.with_name(f"damaged-{path.name}")
            shutil.rmtree(aside, ignore_errors=True)
            path.rename(aside)


def _name(step: int) -> str:
    return f"step-{step:08d}"


def _info_bytes(checkpoint: Checkpoint, state: bytes) -> bytes:
    info = {
        "format": FORMAT,
        "model": checkpoint.model,
        "step": checkpoint.step,
        "dev_loss": json_number(checkpoint.dev_loss),
        "config": checkpoint.config,
        "progress": checkpoint.progress,
        "versions": checkpoint.versions,
        "tensors": {
            name: {"dtype": str(array.dtype), "shape": list(array.shape)}
            for name, array in sorted(checkpoint.arrays.items())
        },
        "bytes": len(state),
        "sha256": hashlib.sha256(state).hexdigest(),
    }
    text = json.dumps({**info, "checksum": _checksum(info)}, indent=1, allow_nan=False)
    return text.encode("utf-8")


def _checksum(info: dict[str, Any]) -> str:
    """SHA-256 of the JSON without its own checksum, serialised canonically."""
    body = {key: value for key, value in info.items() if key != "checksum"}
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode("utf-8")).hexdigest()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DamagedCheckpoint(f"{path} is missing") from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror})") from error


def _dev_loss(path: Path) -> float:
    try:
        loss = read_info(path)["dev_loss"]
    except CheckpointError:
        return float("inf")
    return loss if isinstance(loss, (int, float)) else float("inf")


def _prune(folder: Path) -> None:
    paths = checkpoint_paths(folder)
    best = min(paths, key=_dev_loss)
    for path in paths[:-KEEP]:
        if path != best:
            remove_folder(path)
