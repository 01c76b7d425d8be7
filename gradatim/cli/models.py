"""`gradatim models`: what can be trained, and the loss to expect."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from ..models import MODELS, Entry, Variant
from ..training.config import known_keys
from ..training.field_comments import field_comments
from ..training.settings import default_config, find_model
from ..training.toml import toml_value
from .options import json_option, print_json

EXAMPLES = """\b
Examples:
  gradatim models
  gradatim models mlp
  gradatim models --json
"""
DATA = {"names": "the built-in names", "text": "--data english"}


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
            click.echo(f"{'':14} {entry.paper}")
            for variant in entry.variants:
                click.echo(f"{'':14} {expectation(variant)}")
        click.echo()
        click.echo(f"Train one with: gradatim train {chosen[-1].name}")


def expectation(variant: Variant) -> str:
    """The loss that a recipe reaches, as a line."""
    low, high = variant.expected_dev_loss
    return f"dev loss on {DATA[variant.form]}: {low:.2f} to {high:.2f}"


def describe(entry: Entry) -> dict[str, Any]:
    """A model's description as JSON values."""
    return {
        "name": entry.name,
        "summary": entry.summary,
        "paper": entry.paper,
        "expected_dev_loss": entry.variants[0].expected_dev_loss,
        "defaults": default_config(entry).tables(),
        "variants": [
            {
                "data": variant.form,
                "expected_dev_loss": variant.expected_dev_loss,
                "defaults": default_config(entry, variant).tables(),
            }
            for variant in entry.variants
        ],
    }


def show_settings(entry: Entry) -> None:
    """Every key of the model's settings with its default, in the syntax of --set."""
    click.echo(f"{entry.name}: {entry.summary}")
    click.echo(entry.paper)
    click.echo()
    usual, meanings = settings(entry, entry.variants[0]), explained(entry)
    lines = {key: f"{key} = {toml_value(value)}" for key, value in usual.items()}
    width = max(map(len, lines.values()))
    for key, line in lines.items():
        meaning = f"  # {meanings[key]}" if key in meanings else ""
        click.echo(f"{line:{width}}{meaning}".rstrip())
    for variant in entry.variants[1:]:
        click.echo()
        click.echo(f"With {DATA[variant.form]}, where it is not the same:")
        for key, value in settings(entry, variant).items():
            if value != usual[key]:
                click.echo(f"{key} = {toml_value(value)}")


def explained(entry: Entry) -> dict[str, str]:
    """The meaning of every key."""
    config = default_config(entry)
    sections = {"model": config.model, "data": config.data, "training": config.training}
    return {
        f"{name}.{key}": meaning
        for name, section in sections.items()
        for key, meaning in field_comments(type(section)).items()
    }


def settings(entry: Entry, variant: Variant) -> dict[str, Any]:
    """Every key that can be set, with the recipe's value."""
    config = default_config(entry, variant)
    training = config.training.resolved()
    sections = {"model": config.model, "data": config.data, "training": training}
    values: dict[str, Any] = {}
    for key in known_keys(config):
        section, *path = key.split(".")
        value: Any = asdict(sections[section])
        for part in path:
            value = value[part]
        values[key] = value
    if entry.kind == "letters":  # cannot be set: it follows from the words
        values.pop("model.vocab_size")
    return values
