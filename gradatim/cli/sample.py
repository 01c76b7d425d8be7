"""`gradatim sample`: new words."""

from __future__ import annotations

import math
from pathlib import Path

import click

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

EXAMPLES = """\b
Examples:
  gradatim sample
  gradatim sample mlp-1 -n 50 --temperature 0.7
  gradatim sample mlp-1 --greedy
  gradatim sample mlp-1 --seed 3 --json
"""


@click.command(epilog=EXAMPLES)
@run_argument
@click.option("-n", "--number", type=click.IntRange(1), default=20, show_default=True)
@click.option("--greedy", is_flag=True, help="Always the most probable letter: one word, always.")
@click.option(
    "--temperature",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    show_default=True,
    help="Below 1: surer and plainer words; above 1: wilder ones.",
)
@click.option("--seed", type=click.IntRange(0), help="Draw the same words again.")
@no_compile_option
@checkpoint_option
@runs_option
@json_option
def command(
    run: str | None,
    number: int,
    greedy: bool,
    temperature: float,
    seed: int | None,
    no_compile: bool,
    checkpoint: str,
    root: Path,
    as_json: bool,
) -> None:
    """Make new words with a trained model; without RUN, with the latest one.

    A model predicts a distribution over the next letter: --greedy takes its maximum, otherwise a
    letter is drawn from it.
    """
    from ..training.trained import load_trained

    if not math.isfinite(temperature):
        raise click.UsageError(f"a temperature of {temperature} is no number to divide by")
    if greedy and temperature != 1.0:
        raise click.UsageError("--greedy draws nothing, so --temperature has no meaning with it")
    chosen = find_run(root, run)
    trained = load_trained(
        chosen, checkpoint, compiled=not no_compile, on_damaged=warn_damaged, warn=warn
    )
    words = trained.sample(
        1 if greedy else number, greedy=greedy, temperature=temperature, seed=seed
    )
    if as_json:
        print_json({"run": chosen.name, "step": trained.step, "words": words})
    else:
        for word in words:
            click.echo(word)
