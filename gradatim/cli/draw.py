"""`gradatim draw`: pictures of computations and of trained models."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import numpy as np

from ..core.errors import ArgumentError
from ..training.errors import BadUse
from .group import SuggestingGroup
from .options import (
    checkpoint_option,
    data_option,
    find_run,
    model_or_run,
    run_argument,
    runs_option,
    warn_damaged,
)
from .pictures import output_option, save

EXAMPLES = """\b
Examples:
  gradatim draw lol
  gradatim draw lol --steps -o steps.svg
  gradatim draw graph mlp
  gradatim draw graph gpt
  gradatim draw bigram -o table.png
  gradatim draw curves mlp-1
  gradatim draw surprise emma
  gradatim draw attention --text emma
  gradatim draw activations
  gradatim draw regions --inputs 2 --width 12 --layers 2
"""


@click.group(cls=SuggestingGroup, epilog=EXAMPLES, invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Pictures as SVG (any browser shows it) or, with a converter, PNG."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@command.command(epilog="\b\nExamples:\n  gradatim draw lol\n  gradatim draw lol --before")
@click.option("--before", is_flag=True, help="Before backward(): no gradients yet.")
@click.option("--steps", is_flag=True, help="The chain rule, one picture for each step.")
@output_option
def lol(before: bool, steps: bool, output: Path | None) -> None:
    """The function of session 1, with data and gradient on every node."""
    from .. import draw
    from ..scalar import lol as function

    if before and steps:
        raise BadUse("--steps shows both before and after; leave out --before")
    L = function()
    if steps:
        save(lambda: draw.backward_steps(L), output, "lol-steps")
        return
    if not before:
        L.backward()
    save(lambda: draw.graph(L), output, "lol")


@command.command(
    epilog="\b\nExamples:\n  gradatim draw graph mlp\n  gradatim draw graph gpt --depth 2"
)
@click.argument("what", metavar="[MODEL|RUN]", default="mlp")
@click.option(
    "--depth",
    type=click.IntRange(0),
    metavar="N",
    help="Modules as boxes with shapes between them, N levels of them opened.",
)
@click.option(
    "--examples",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="Of how many examples the loss is the mean.",
)
@checkpoint_option
@runs_option
@output_option
def graph(
    what: str,
    depth: int | None,
    examples: int,
    checkpoint: str,
    root: Path,
    output: Path | None,
) -> None:
    """The graph of a model's loss on a few examples: a fresh MODEL, or that of a RUN.

    A small graph is drawn with all numbers and gradients. For a large one, or with --depth, modules
    are drawn as boxes with the shapes that flow between them; repeated blocks are shown once.
    """
    from .. import draw

    trained, name = model_or_run(what, root, checkpoint)
    loss = trained.loss_on(examples)
    if not loss.requires_grad:
        raise BadUse(f"{trained.name} has no gradients: it is counted; draw its table instead")
    if depth is not None or draw.is_large(loss):
        model, batch = trained.model, trained.batch(examples)
        save(lambda: draw.architecture(model, *batch, depth=depth), output, f"{name}-graph")
        return
    loss.backward(retain_graph=True)  # so that intermediate values can be shown
    save(lambda: draw.graph(loss, trained.model), output, f"{name}-graph")


@command.command(
    epilog="\b\nExamples:\n  gradatim draw bigram\n  gradatim draw bigram --data x.txt"
)
@data_option("The words of this file instead of the names.")
@output_option
def bigram(data: str | None, output: Path | None) -> None:
    """Heat map of which letter follows which, with the counts; '.' begins and ends a word."""
    from .. import draw
    from ..data import names

    words = names.read(data) if data else names.load()
    X, Y = names.pairs(words.words, words.vocabulary)
    size = len(words.vocabulary)
    counts = np.bincount(X * size + Y, minlength=size * size).reshape(size, size)
    letters = words.vocabulary.characters
    title = f"Which letter follows which in {len(words):,} words of {words.name}"
    save(
        lambda: draw.heatmap(counts, letters, letters, scale="sqrt", title=title), output, "bigram"
    )


@command.command(epilog="\b\nExamples:\n  gradatim draw curves\n  gradatim draw curves mlp-1")
@run_argument
@click.option("--log", is_flag=True, help="Steps on a logarithmic axis.")
@runs_option
@output_option
def curves(run: str | None, log: bool, root: Path, output: Path | None) -> None:
    """The losses of a run over its steps; without RUN, of the latest."""
    from .. import draw

    chosen = find_run(root, run)
    if not chosen.metrics.exists():
        raise BadUse(f"run '{chosen.name}' has no losses yet; train it first")
    save(
        lambda: draw.curves(chosen.metrics, log_x=log, title=chosen.name),
        output,
        f"{chosen.name}-curves",
    )


@command.command(epilog="\b\nExamples:\n  gradatim draw surprise emma --run mlp-1")
@click.argument("word")
@click.option("--run", metavar="RUN", help="Which run's model; default: the latest run's.")
@checkpoint_option
@runs_option
@output_option
def surprise(word: str, run: str | None, checkpoint: str, root: Path, output: Path | None) -> None:
    """Bars of how surprised a model is by each letter of WORD and by its end; their mean."""
    from .. import draw
    from .surprise import find_trained, visible

    surprises = find_trained(root, run, checkpoint).surprise(word)
    values = [letter.surprise for letter in surprises]
    names = [visible(letter.letter) for letter in surprises if not letter.is_end]
    letters = None if names == [*word] else names
    save(lambda: draw.surprise(word, values, letters=letters), output, f"surprise-{word[:40]}")


@command.command(
    epilog="\b\nExamples:\n  gradatim draw attention --text emma\n  gradatim draw attention gpt-1"
)
@run_argument
@click.option("--text", default="emma", show_default=True, help="What the model looks at.")
@checkpoint_option
@runs_option
@output_option
def attention(run: str | None, text: str, checkpoint: str, root: Path, output: Path | None) -> None:
    """Which tokens of a text each token attends to, in every head of every layer of a run's GPT."""
    from .. import draw
    from ..training.trained import load_trained

    trained = load_trained(find_run(root, run), checkpoint, on_damaged=warn_damaged)
    ids, names = trained.language_model.tokens(text)
    _check_length(trained.name, ids, trained.model)
    title = f"What each token of “{text}” looks at"
    picture = f"attention-{text[:40]}"
    save(lambda: draw.attention(trained.model, ids, names, title=title), output, picture)


def _check_length(name: str, ids: list[int], model: Any) -> None:
    """Refuse a text that the model cannot take, or that is too long for a readable picture."""
    from ..draw.attention_maps import MOST_TOKENS

    context = model.config.block_size
    if not ids:
        raise BadUse("there is no token; give --text at least a letter")
    if len(ids) > context:
        raise BadUse(
            f"the text has {len(ids):,} tokens, but {name}'s context is {context:,}; give a"
            " shorter --text, or train a model with a larger one: gradatim train gpt --set"
            f" block_size={len(ids)}"
        )
    if len(ids) > MOST_TOKENS:
        raise BadUse(
            f"the text has {len(ids):,} tokens, and a picture of more than {MOST_TOKENS} cannot be"
            " read; give a shorter --text"
        )


@command.command(
    epilog="\b\nExamples:\n  gradatim draw activations\n  gradatim draw activations relu gelu silu"
)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@output_option
def activations(names: tuple[str, ...], output: Path | None) -> None:
    """Every activation with its derivative, or those that are named; all on one scale."""
    from .. import draw

    save(lambda: draw.activations(names or None), output, "activations")


@command.command(
    epilog="\b\nExamples:\n  gradatim draw regions --built --width 3 --layers 3\n"
    "  gradatim draw regions --inputs 2 --width 12 --layers 2"
)
@click.option(
    "--inputs",
    type=click.IntRange(1, 2),
    default=1,
    show_default=True,
    metavar="N",
    help="Numbers that go in: 1 for a line, 2 for a plane.",
)
@click.option(
    "--width",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    metavar="D",
    help="Units of a layer.",
)
@click.option(
    "--layers",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    metavar="K",
    help="Hidden layers.",
)
@click.option("--built", is_flag=True, help="Not random: with as many as there can be, on [0, 1].")
@click.option(
    "--seed", type=int, default=0, show_default=True, metavar="N", help="Of the random weights."
)
@output_option
def regions(
    inputs: int, width: int, layers: int, built: bool, seed: int, output: Path | None
) -> None:
    """The linear regions of a ReLU network, K layers of D units, and how many there could be."""
    from .. import draw, manual_seed
    from ..diagnose import regions as room

    if built and inputs == 2:
        raise BadUse("--built folds a line; leave out --inputs 2")
    if not built:
        manual_seed(seed)
        net, low, high = room.plain(inputs, width, layers), -3.0, 3.0
    elif width < 3:
        raise BadUse(f"--built needs --width 3 or more, got {width}")
    else:
        net, low, high = room.zigzag(width, layers), 0.0, 1.0
    try:
        found = room.find(net, low, high)
    except ArgumentError as error:  # too many for the memory
        raise BadUse(str(error)) from None
    click.echo(
        f"{found.patterns:,} linear region{'' if found.patterns == 1 else 's'} between {low:g} and"
        f" {high:g}; {room.parameters(inputs, width, layers):,} parameters can make"
        f" {_readable(room.maximum(inputs, width, layers))}"
    )
    layer = f"{layers} layers" if layers > 1 else "one layer"
    kind = "built to fold" if built else "with random weights"
    title = f"A network of {layer} of {width} ReLU{'' if width == 1 else 's'}, {kind}"
    save(lambda: draw.regions(found, title=title), output, "regions")


def _readable(number: int) -> str:
    """All digits, or the first three of a number that nobody reads whole; it may exceed floats."""
    return f"{number:,}" if number < 10**15 else f"{Decimal(number):.3g}"
