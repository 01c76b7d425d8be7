"""`gradatim eval`: the loss of a trained model."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..training.errors import BadUse
from .failures import say
from .options import (
    checkpoint_option,
    data_option,
    find_run,
    json_option,
    no_compile_option,
    print_json,
    run_argument,
    runs_option,
    warn,
    warn_damaged,
)
from .waiting import EvaluationProgress

if TYPE_CHECKING:
    from ..training.tasks import Task

SPLITS = ("train", "dev", "test")
EXAMPLES = """\b
Examples:
  gradatim eval
  gradatim eval mlp-1 --split test --checkpoint best
  gradatim eval mlp-1 --data other.txt --json
"""


@click.command(epilog=EXAMPLES)
@run_argument
@click.option(
    "--split",
    "splits",
    type=click.Choice(SPLITS),
    multiple=True,
    help="Which part; can be repeated. Default: all three.",
)
@data_option("All of this file instead.")
@no_compile_option
@checkpoint_option
@runs_option
@json_option
def command(
    run: str | None,
    splits: tuple[str, ...],
    data: str | None,
    no_compile: bool,
    checkpoint: str,
    root: Path,
    as_json: bool,
) -> None:
    """The loss of a trained model on its train, dev and test data; without RUN, of the latest.

    The loss is the mean negative log likelihood of the next letter or token, in nats; its
    exponential, the perplexity, is the number of equally likely choices with the same loss. For a
    model of byte pairs the loss per letter is given too, for comparison with other models. Of a
    split with more than a million letters or tokens, a million evenly spaced ones are used.
    """
    from ..training.trained import load_trained

    if splits and data:
        raise BadUse("--data takes all words of the file; leave out --split")
    chosen = find_run(root, run)
    trained = load_trained(
        chosen, checkpoint, compiled=not no_compile, on_damaged=warn_damaged, warn=warn
    )
    progress = EvaluationProgress(say)
    losses = (
        trained.losses_on_file(data, progress=progress)
        if data
        else trained.losses(splits or SPLITS, progress=progress)
    )
    per_letter = {} if data else losses_of_letters(trained.task, losses)
    if as_json:
        result = {"run": chosen.name, "model": trained.name, "step": trained.step}
        print_json(
            {**result, "losses": losses, **({"per_letter": per_letter} if per_letter else {})}
        )
        return
    for name, loss in losses.items():
        of_letter = f"   {per_letter[name]:.4f} per letter" if name in per_letter else ""
        click.echo(f"{name:5}  {loss:.4f}   perplexity {math.exp(loss):.2f}{of_letter}")


def losses_of_letters(task: Task, losses: dict[str, float]) -> dict[str, float]:
    """The losses per letter, for splits where they differ from those per token."""
    factors = {split: task.predictions_per_letter(split) for split in losses}
    return {s: loss * factors[s] for s, loss in losses.items() if factors[s] != 1.0}
