"""A model's settings and data by its name: shared by new runs, old runs and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..models import MODELS, Entry, Variant
from .checkpoint import Checkpoint
from .config import TYPED, RunConfig, TrainingConfig, apply_tables, tables_of
from .errors import BadUse, CheckpointError, did_you_mean
from .runs import Run
from .tasks import Known, Task, kind_of


def find_model(name: str) -> Entry:
    """The entry of a model. Errors: BadUse with the nearest name.

    >>> find_model("bigrm")
    Traceback (most recent call last):
    gradatim.training.errors.BadUse: no model 'bigrm'; did you mean 'bigram'?
    """
    for entry in MODELS:
        if entry.name == name:
            return entry
    known = [entry.name for entry in MODELS]
    raise BadUse(
        f"no model '{name}'{did_you_mean(name, known) or '; there are ' + ', '.join(known)}"
    )


def default_config(entry: Entry, variant: Variant | None = None) -> RunConfig:
    """A model's default settings, from this recipe or its first one."""
    variant = variant or entry.variants[0]
    model = entry.load().Config(**variant.sizes)
    training = TrainingConfig(**variant.recipe)
    return RunConfig(entry.name, model, data=kind_of(entry).data(), training=training)


def configured(
    entry: Entry,
    pairs: Sequence[str] = (),
    *,
    tables: dict[str, Any] | None = None,
    source: str = "the settings",
) -> RunConfig:
    """A model's settings: the recipe that suits the data, then tables, then pairs.

    Errors: BadUse.
    """
    default = default_config(entry)
    given = ((tables or {}, source), (tables_of(default, pairs), TYPED))
    # What is learned decides on the recipe, and is looked at alone: a number of heads may suit the
    # width of the right recipe, and not that of another one.
    config = default
    for settings, where in given:
        data = {name: table for name, table in settings.items() if name == "data"}
        config = apply_tables(config, data, source=where)
    config = default_config(entry, variant_of(entry, config))
    for settings, where in given:
        config = apply_tables(config, settings, source=where)
    return config


def variant_of(entry: Entry, config: RunConfig) -> Variant:
    """The recipe of a model that suits its data, else the first one."""
    form = kind_of(entry).form(config.data)
    fitting = [variant for variant in entry.variants if variant.form == form]
    return (fitting or entry.variants)[0]


def config_of(checkpoint: Checkpoint, run: Run) -> RunConfig:
    """The settings that a checkpoint was made with.

    Errors: CheckpointError if this version has no such model or no such settings.
    """
    try:
        default = default_config(find_model(checkpoint.model))
        return apply_tables(default, checkpoint.config, source="its settings")
    except BadUse as error:
        raise CheckpointError(
            f"run '{run.name}' cannot be read by this version of Gradatim: {error}"
        ) from error


def read_task(config: RunConfig, known: Known | None = None) -> Task:
    """The data that the settings name, as recorded in a checkpoint if there is one.

    Errors: BadUse; DataError.
    """
    return kind_of(find_model(config.name)).read(config, known)
