"""`gradatim sample`: new words or text, printed as they are drawn."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

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
from .terminal import cells, columns, harmless, padded

if TYPE_CHECKING:
    from ..training.tasks import LanguageModel, SampleRequest

EXAMPLES = """\b
Examples:
  gradatim sample
  gradatim sample mlp-1 -n 50 --temperature 0.7
  gradatim sample mlp-1 --greedy
  gradatim sample gpt-1 --prompt "The class " --top-p 0.9 --max-tokens 500
  gradatim sample gpt-1 --prompt - < beginning.txt
  gradatim sample mlp-1 --seed 3 --json
"""


@click.command(epilog=EXAMPLES)
@run_argument
@click.option(
    "-n",
    "--number",
    type=click.IntRange(1),
    metavar="N",
    help="How many; by default 20 words, or one text.",
)
@click.option(
    "--prompt",
    default="",
    metavar="TEXT|-",
    help="How samples begin; - reads it from standard input, without its last line end.",
)
@click.option(
    "--greedy", is_flag=True, help="Take the most probable token each time; gives one sample."
)
@click.option(
    "--temperature",
    type=float,
    metavar="T",
    default=1.0,
    show_default=True,
    help="Below 1 samples become more typical, above 1 more random.",
)
@click.option(
    "--top-k", type=click.IntRange(1), metavar="K", help="Draw from the K most likely tokens only."
)
@click.option(
    "--top-p",
    type=click.FloatRange(0, 1, min_open=True),
    metavar="P",
    help="Draw from the fewest tokens whose probabilities reach P.",
)
@click.option(
    "--max-tokens",
    type=click.IntRange(1),
    metavar="N",
    help="The longest a sample may be; by default 50 tokens for a word, 300 for a text.",
)
@click.option(
    "--seed", type=click.IntRange(0), metavar="N", help="Samples that are the same each time."
)
@no_compile_option
@checkpoint_option
@runs_option
@json_option
def command(
    run: str | None,
    number: int | None,
    prompt: str,
    greedy: bool,
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    max_tokens: int | None,
    seed: int | None,
    no_compile: bool,
    checkpoint: str,
    root: Path,
    as_json: bool,
) -> None:
    """New words or text from a trained model; without RUN, from the latest one.

    A model predicts a distribution over the next letter or token: --greedy takes its maximum,
    otherwise one is drawn from it.
    """
    from ..training.tasks import SampleRequest
    from ..training.trained import load_trained

    request = SampleRequest(
        prompt=_piped() if prompt == "-" else prompt,
        greedy=greedy,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        max_tokens=max_tokens,
        seed=seed,
    )
    chosen = find_run(root, run)
    trained = load_trained(
        chosen, checkpoint, compiled=not no_compile, on_damaged=warn_damaged, warn=warn
    )
    language_model = trained.language_model
    request = replace(request, count=1 if greedy else number or language_model.default_count)
    if as_json:
        whole = ["".join(pieces) for pieces in language_model.samples(request)]
        print_json({"run": chosen.name, "step": trained.step, language_model.unit: whole})
    else:
        write(language_model, request)


def _piped() -> str:
    """The prompt from standard input, without the final line end.

    Errors: TextError if the input is empty, not UTF-8 or binary.
    """
    from ..data import text

    given = b"" if sys.stdin is None else sys.stdin.buffer.read()
    return text.of("the prompt from standard input", given).read().removesuffix("\n")


def write(language_model: LanguageModel, request: SampleRequest, *, table: bool = False) -> None:
    """Print samples piece by piece as they are drawn; with `table`, words at the end."""
    samples = language_model.samples(request)
    if table and language_model.unit == "words":
        for line in in_columns(["".join(pieces) for pieces in samples], width=min(80, columns())):
            click.echo(harmless(line))
        return
    for i, pieces in enumerate(samples):
        if i and language_model.unit == "texts":
            click.echo("---")
        for piece in pieces:
            click.echo(harmless(piece), nl=False)
        click.echo()


def in_columns(words: list[str], *, width: float, gap: int = 2) -> list[str]:
    """Words in as many aligned columns as fit the width, at most five.

    >>> in_columns(["ana", "benedict", "carl"], width=20)
    ['ana       benedict', 'carl']
    """
    column = max(map(cells, words), default=0) + gap
    across = max(1, min(5, int(width + gap) // column))
    rows = [words[i : i + across] for i in range(0, len(words), across)]
    return ["".join(padded(word, column) for word in row).rstrip() for row in rows]
