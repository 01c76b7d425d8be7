"""`gradatim eval`: the loss of a trained model."""

from __future__ import annotations

import math
from pathlib import Path

import click

from ..training.errors import BadUse
from .options import (
    checkpoint_option,
    find_run,
    json_option,
    no_compile_option,
    print_json,
    run_argument,
    runs_option,
    warn,
    warn_damaged,
)

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
    help="Which words; can be repeated. Default: all three.",
)
@click.option("--data", metavar="FILE", help="The words of this file instead, all of them.")
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
    """The loss of a trained model on its train, dev and test words; without RUN, of the latest.

    The loss is the mean negative log likelihood of the next letter, in nats; its exponential, the
    perplexity, is the number of letters that would be as hard to choose between.
    """
    from ..training.trained import load_trained

    if splits and data:
        raise BadUse("--data takes all words of the file; leave out --split")
    chosen = find_run(root, run)
    trained = load_trained(
        chosen, checkpoint, compiled=not no_compile, on_damaged=warn_damaged, warn=warn
    )
    losses = trained.losses_on_file(data) if data else trained.losses(splits or SPLITS)
    if as_json:
        result = {"run": chosen.name, "model": trained.name, "step": trained.step}
        print_json({**result, "losses": losses})
        return
    for name, loss in losses.items():
        click.echo(f"{name:5}  {loss:.4f}   perplexity {math.exp(loss):.2f}")
