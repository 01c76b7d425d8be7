"""What `gradatim` alone prints: five commands to try."""

from __future__ import annotations

from pathlib import Path

from ..training.runs import RUNS, list_runs
from .terminal import columns

BEGINNER = [
    ("gradatim surprise emma", "how surprising each letter of a name is; try your own"),
    ("gradatim train bigram", "a table of letters after letters learns names (seconds)"),
    ("gradatim train mlp", "Bengio's network of 2003 makes better ones (ten seconds)"),
    ("gradatim draw lol", "a picture of a function with the gradient on every node"),
    ("gradatim doctor", "check that everything works on this machine"),
]


def welcome(root: Path = RUNS) -> str:
    """Five commands to try, for a beginner or for a user who has runs already.

    In a narrow terminal each description goes on its own line.
    """
    runs = list_runs(root)
    lines = _experienced(runs[-1].name) if runs else BEGINNER
    width = max(len(command) for command, _ in lines)
    rows = [f"  {command:{width}}  {what}" for command, what in lines]
    if max(map(len, rows)) > columns():
        rows = [f"  {command}\n    {what}" for command, what in lines]
    return "\n".join(
        ["Five things to type next:", "", *rows, "", "gradatim --help lists the rest."]
    )


def _experienced(latest: str) -> list[tuple[str, str]]:
    return [
        (f"gradatim sample {latest}", "new words from your last run"),
        ("gradatim surprise emma", "how surprised it is by each letter of a name"),
        (f"gradatim draw curves {latest}", "its losses over time, as a picture"),
        ("gradatim train mlp", "train another one"),
        ("gradatim runs", "all your runs and how good they are"),
    ]
