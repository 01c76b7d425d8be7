"""Options shared by several commands, and the run that a command refers to."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..training.errors import BadUse, DamagedCheckpoint
from ..training.metrics import json_number
from ..training.runs import RUNS, Run, latest_run, open_run
from .failures import say

if TYPE_CHECKING:
    from ..training.trained import Trained

F = TypeVar("F", bound=Callable[..., Any])

runs_option: Callable[[F], F] = click.option(
    "--runs",
    "root",
    type=click.Path(path_type=Path, file_okay=False),
    default=RUNS,
    show_default=True,
    help="The folder that holds the runs.",
)

json_option: Callable[[F], F] = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON for a program to read."
)

checkpoint_option: Callable[[F], F] = click.option(
    "--checkpoint",
    default="last",
    show_default=True,
    metavar="last|best|STEP",
    help="Which checkpoint of the run.",
)

no_compile_option: Callable[[F], F] = click.option(
    "--no-compile", is_flag=True, help="Run eagerly, without compiling."
)


def data_option(help: str, *, metavar: str = "FILE") -> Callable[[F], F]:
    """The option `--data`; an empty value, such as a script's unset variable, is refused."""
    return click.option("--data", metavar=metavar, help=help, callback=_named)


def _named(context: click.Context, option: click.Parameter, data: str | None) -> str | None:
    if data is not None and not data.strip():
        raise BadUse("--data names no file; give one, or leave out --data")
    return data


run_argument: Callable[[F], F] = click.argument("run", required=False, metavar="[RUN]")


def find_run(root: Path, name: str | None) -> Run:
    """The run of that name, or the latest one, which is then named on stderr."""
    if name is not None:
        return open_run(root, name)
    run = latest_run(root)
    say(f"Using the latest run, {run.name}.")
    return run


def model_or_run(what: str, root: Path, checkpoint: str) -> tuple[Trained, str]:
    """A fresh model if `what` is a model's name, else the model of that run; and its title."""
    from ..models import MODELS
    from ..training.trained import fresh, load_trained

    models = [entry.name for entry in MODELS]
    if what in models:
        if checkpoint != "last":
            raise BadUse(f"{what} is a new model, which has no checkpoint; give a run")
        return fresh(what), what
    try:
        run = find_run(root, what)
    except BadUse as error:
        raise BadUse(f"{error}; models are {', '.join(models)}") from None
    return load_trained(run, checkpoint, on_damaged=warn_damaged), run.name


def warn(message: str) -> None:
    """Print a warning on stderr."""
    say(f"Warning: {message}.")


def warn_damaged(error: DamagedCheckpoint) -> None:
    """Warn that a damaged checkpoint is skipped."""
    warn(f"{error}; using the one before")


def print_json(value: Any) -> None:
    """Print one JSON document on stdout, in ASCII, with nan and infinity as strings."""
    click.echo(json.dumps(_plain(value), indent=1, ensure_ascii=True, allow_nan=False))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return json_number(value)
