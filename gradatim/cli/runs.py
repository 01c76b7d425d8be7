"""`gradatim runs`: a table of the runs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from ..training.runs import Summary, list_runs, summarise
from .options import json_option, print_json, runs_option
from .terminal import console


@click.command(epilog="\b\nExamples:\n  gradatim runs\n  gradatim runs --json")
@runs_option
@json_option
def command(root: Path, as_json: bool) -> None:
    """The runs so far: model, steps done, best dev loss, when, and whether finished.

    An interrupted run goes on with `gradatim train --resume NAME`.
    """
    summaries = [summarise(run) for run in list_runs(root)]
    if as_json:
        print_json([{**asdict(s), "when": s.when and s.when.isoformat()} for s in summaries])
    elif summaries:
        show(summaries)
    else:
        click.echo(f"No run in {root} yet. Type: gradatim train bigram")


def show(summaries: list[Summary]) -> None:
    """The table, the newest run at the bottom, where the eye is."""
    from rich import box
    from rich.table import Table

    # Eighty columns are enough for names and models of usual length.
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    for heading, justify in (
        ("run", "left"),
        ("model", "left"),
        ("step", "right"),
        ("dev loss", "right"),
        ("written", "left"),
        ("state", "left"),
    ):
        table.add_column(heading, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for s in summaries:
        table.add_row(
            s.name,
            s.model,
            f"{s.step:,}/{s.steps:,}",
            "" if s.dev_loss is None else f"{s.dev_loss:.4f}",
            "" if s.when is None else f"{s.when:%m-%d %H:%M}",
            s.state,
        )
    console().print(table)
