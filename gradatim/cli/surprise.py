"""`gradatim surprise`: -log p of each letter of a word."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..training.runs import list_runs
from .failures import say
from .options import (
    checkpoint_option,
    find_run,
    json_option,
    print_json,
    runs_option,
    warn_damaged,
)
from .terminal import cells, columns, has_unicode, padded

if TYPE_CHECKING:
    from ..training.tasks import Letter
    from ..training.trained import Trained

BAR = 30  # characters for the largest surprise
EXAMPLES = """\b
Examples:
  gradatim surprise emma
  gradatim surprise xqz --run mlp-1
  gradatim draw surprise emma -o emma.svg
"""


@click.command(epilog=EXAMPLES)
@click.argument("word")
@click.option("--run", metavar="RUN", help="Which run's model; default: the latest run's.")
@checkpoint_option
@runs_option
@json_option
def command(word: str, run: str | None, checkpoint: str, root: Path, as_json: bool) -> None:
    """How surprised a model is by each letter of WORD and by its end, or by each token of a text
    after the first.

    The surprise of a letter of probability p is -log p, in nats: 0 if it was certain. Its mean over
    letters is the loss that training minimises, the cross-entropy of the lecture. Without a run,
    the bigrams of the built-in names are counted on the spot.
    """
    trained = find_trained(root, run, checkpoint)
    letters = trained.surprise(word)
    mean = sum(letter.surprise for letter in letters) / len(letters)
    if as_json:
        rows = [letter._asdict() for letter in letters]
        print_json({"word": word, "model": trained.name, "letters": rows, "mean": mean})
        return
    for line in picture(letters):
        click.echo(line)
    click.echo(f"mean {mean:14.3f}")


def find_trained(root: Path, run: str | None, checkpoint: str) -> Trained:
    """The run's model; without any run, bigrams counted now, with a note on stderr."""
    from ..training.trained import count_bigrams, load_trained

    if run is None and not list_runs(root):
        say("No run yet, so this counts the bigrams of the built-in names.")
        return count_bigrams()
    return load_trained(find_run(root, run), checkpoint, on_damaged=warn_damaged)


def picture(letters: list[Letter]) -> list[str]:
    """A line for each letter, with its probability, its surprise and a bar."""
    block = "█" if has_unicode() else "#"
    finite = [letter.surprise for letter in letters if math.isfinite(letter.surprise)]
    largest = max(finite, default=1.0) or 1.0
    shown = ["end" if letter.is_end else visible(letter.letter) for letter in letters]
    what = "letter" if all(len(name) == 1 or name == "end" for name in shown) else "token"
    width = max(6, *map(cells, shown))
    heading = f"{what:{width}}     p  surprise"
    lines, room = [heading], min(BAR, max(columns() - cells(heading) - 2, 1))
    for name, letter in zip(shown, letters, strict=True):
        bar = block * round(room * min(letter.surprise / largest, 1.0))
        line = f"{padded(name, width)} {letter.probability:5.3f} {letter.surprise:8.3f}  {bar}"
        lines.append(line.rstrip())
    return lines


def visible(letter: str) -> str:
    """A letter or token, quoted if it contains white space or invisible characters.

    >>> visible("a"), visible(" the")
    ('a', "' the'")
    """
    return letter if letter.isprintable() and " " not in letter else repr(letter)
