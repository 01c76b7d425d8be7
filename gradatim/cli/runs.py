"""`gradatim runs`: a table of the runs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from ..training.runs import Summary, list_runs, summarise
from .options import json_option, print_json, runs_option
from .terminal import cells, columns, has_unicode

GAP = "  "
NUMBERS = ("step", "dev loss")  # right-aligned columns
LEFT_OUT_FIRST = ("written", "model", "state", "dev loss")


@click.command(epilog="\b\nExamples:\n  gradatim runs\n  gradatim runs --json")
@runs_option
@json_option
def command(root: Path, as_json: bool) -> None:
    """The runs so far: model, steps done, best dev loss, when, and whether finished.

    An interrupted run continues with `gradatim train --resume NAME`.
    """
    summaries = [summarise(run) for run in list_runs(root)]
    if as_json:
        print_json([{**asdict(s), "when": s.when and s.when.isoformat()} for s in summaries])
    elif summaries:
        show(summaries)
    else:
        click.echo(f"No run in {root} yet. Type: gradatim train bigram")


def show(summaries: list[Summary]) -> None:
    """The table, with the newest run at the bottom, next to the prompt.

    A narrow terminal gets fewer columns, so that names and numbers are never truncated.
    """
    table = {
        "run": [s.name for s in summaries],
        "model": [s.model for s in summaries],
        "step": [f"{s.step:,}/{s.steps:,}" for s in summaries],
        "dev loss": ["" if s.dev_loss is None else f"{s.dev_loss:.4f}" for s in summaries],
        "written": ["" if s.when is None else f"{s.when:%m-%d %H:%M}" for s in summaries],
        "state": [s.state for s in summaries],
    }
    for name in LEFT_OUT_FIRST:
        if len(lines(table)[1]) <= columns():
            break
        del table[name]
    for line in lines(table):
        click.echo(line)


def lines(table: dict[str, list[str]]) -> list[str]:
    """A table as lines: headings, a rule, and the rows.

    >>> for line in lines({"run": ["mlp-1"], "step": ["7/10"]}):
    ...     print(line.replace("─", "-"))
    run    step
    -----------
    mlp-1  7/10
    """
    widths = {name: max(map(cells, [name, *column])) for name, column in table.items()}
    rows = [list(table), *zip(*table.values(), strict=True)]
    texts = [GAP.join(map(_cell, row, table, widths.values())).rstrip() for row in rows]
    rule = ("─" if has_unicode() else "-") * (sum(widths.values()) + len(GAP) * (len(table) - 1))
    return [texts[0], rule, *texts[1:]]


def _cell(text: str, heading: str, width: int) -> str:
    blank = " " * (width - cells(text))
    return blank + text if heading in NUMBERS else text + blank
