"""The entry point: arguments in, exit code out, and no traceback unless requested."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from .failures import explain
from .group import LazyGroup
from .terminal import escape_unencodable

COMMANDS = {
    "train": "Train a model and print what it learned.",
    "sample": "Make new words with a trained model.",
    "eval": "The loss of a trained model on train, dev and test words.",
    "surprise": "How surprised a model is by each letter of a word.",
    "draw": "Pictures: graphs, heat maps, loss curves, surprise, regions.",
    "diagnose": "What a network does inside: signals and gradients, layer by layer.",
    "models": "The models that can be trained, and the loss to expect.",
    "runs": "List the runs with their progress and losses.",
    "explain": "What the compiler makes of a training step, and how fast.",
    "doctor": "Check that everything works here; say what to do if not.",
}

EXAMPLES = """\b
Examples:
  gradatim train mlp
  gradatim sample --temperature 0.8
  gradatim surprise emma
"""


@click.group(
    cls=LazyGroup,
    package="gradatim.cli",
    table=COMMANDS,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXAMPLES,
)
@click.option("--version", is_flag=True, help="Print the version and stop.")
@click.option("--debug", is_flag=True, help="With any command: show the traceback of an error.")
@click.pass_context
def gradatim(context: click.Context, version: bool, debug: bool) -> None:
    """Gradatim: deep learning step by step, from one scalar with a gradient to trained models.

    Type `gradatim` alone for five things to try.
    """
    if version:
        from .. import __version__

        click.echo(f"gradatim {__version__}")
    elif context.invoked_subcommand is None:
        from .welcome import welcome

        click.echo(welcome())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 for success, 1 for failure, 2 for bad use."""
    # None if the parent process closed it.
    sys.stdout = sys.stdout or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
    escape_unencodable()
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    # Allowed anywhere, also after the subcommand, where it is usually added after an error.
    given = [argument for argument in given if argument != "--debug"]
    try:
        code = gradatim.main(given, prog_name="gradatim", standalone_mode=False)
        sys.stdout.flush()
    except BaseException as error:
        if debug and not isinstance(error, (click.ClickException, click.exceptions.Exit)):
            raise
        return explain(error)
    return code if isinstance(code, int) else 0
