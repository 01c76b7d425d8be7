"""From a model's name to its settings and its words: what new runs, old runs and pictures share."""

from __future__ import annotations

from dataclasses import asdict, replace

from ..data import names
from ..data.names import Words
from ..models import MODELS, Entry
from .checkpoint import Checkpoint
from .config import RunConfig, TrainingConfig, apply_tables
from .errors import BadUse, CheckpointError, did_you_mean
from .runs import Run


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
        f"no model '{name}'{did_you_mean(name, known) or '; there is ' + ', '.join(known)}"
    )


def default_config(entry: Entry) -> RunConfig:
    """A model's settings before anybody changed them."""
    training = TrainingConfig(**asdict(entry.recipe))
    return RunConfig(entry.name, entry.load().Config(), training=training)


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


def read_words(config: RunConfig) -> Words:
    """The words that the settings name: the embedded names, or those of a file."""
    return names.read(config.data.file) if config.data.file else names.load()


def for_words(config: RunConfig, words: Words) -> RunConfig:
    """The settings with the size of the words' vocabulary, and every interval a number.

    Errors: BadUse if the settings ask for another size.
    """
    size = len(words.vocabulary)
    default = type(config.model)().vocab_size
    if config.model.vocab_size not in (size, default):
        raise BadUse(
            f"model.vocab_size is {config.model.vocab_size}, but {words.name} has {size} different"
            " characters with the boundary; leave it out, it follows from the words"
        )
    model = replace(config.model, vocab_size=size)
    return replace(config, model=model, training=config.training.resolved())
