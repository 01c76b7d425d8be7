"""`gradatim models`: what can be trained, and what to expect of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from ..models import MODELS, Entry
from ..training.config import known_keys
from ..training.settings import default_config, find_model
from .options import json_option, print_json

EXAMPLES = """\b
Examples:
  gradatim models
  gradatim models mlp
  gradatim models --json
"""


@click.command(epilog=EXAMPLES)
@click.argument("model", required=False)
@json_option
def command(model: str | None, as_json: bool) -> None:
    """The models; or one MODEL's settings with their defaults, for --set and --config."""
    chosen = [find_model(model)] if model is not None else list(MODELS)
    if as_json:
        described = [describe(entry) for entry in chosen]
        print_json(described[0] if model is not None else described)
    elif model is not None:
        show_settings(chosen[0])
    else:
        for entry in chosen:
            click.echo(f"{entry.name:14} {entry.summary}")
            low, high = entry.expected_dev_loss
            click.echo(f"{'':14} dev loss on the embedded names: {low:.2f} to {high:.2f}")
        click.echo()
        click.echo(f"Train one with: gradatim train {chosen[-1].name}")


def describe(entry: Entry) -> dict[str, Any]:
    """A model as JSON values."""
    return {
        "name": entry.name,
        "summary": entry.summary,
        "paper": entry.paper,
        "expected_dev_loss": entry.expected_dev_loss,
        "defaults": default_config(entry).tables(),
    }


def show_settings(entry: Entry) -> None:
    """Every key of the model's settings with its default, as --set takes it."""
    config = default_config(entry)
    training = config.training.resolved()
    sections = {"model": config.model, "data": config.data, "training": training}
    click.echo(f"{entry.name}: {entry.summary}")
    click.echo(entry.paper)
    click.echo()
    for key in known_keys(config):
        if key == "model.vocab_size":  # not to be set: it follows from the words
            continue
        section, *path = key.split(".")
        value: Any = asdict(sections[section])
        for part in path:
            value = value[part]
        click.echo(f"{key} = {value!r}")
