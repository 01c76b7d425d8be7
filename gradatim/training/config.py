"""A run's settings: typed defaults, then a TOML file, then `key=value`; unknown keys are refused.

The settings of a run are four tables, named as in the TOML file:

    [model]
    name = "mlp"            # which file of gradatim/models
    h = 200                 # the fields of that model's Config

    [data]                  # DataConfig
    [training]              # TrainingConfig

A later source overrides single keys of an earlier one. Every value is checked against the type of
its dataclass field, so mistakes are reported before anything is computed.
"""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Literal, get_type_hints

from .convert import convert
from .errors import BadUse, did_you_mean

Tables = dict[str, Any]
Schedule = Literal["constant", "linear", "cosine", "step"]
TYPED = "your settings"  # the source of `key=value` texts, in errors


@dataclass(frozen=True)
class DataConfig:
    """Which words to learn, and how they are split.

    `file` is a text file with one word per line; `names`, or nothing, means the built-in first
    names. `split_seed` fixes the split into 80 % train, 10 % dev and 10 % test.
    """

    file: str = ""  # a text file, one word per line, or names
    split_seed: int = 42  # of the split into train, dev and test


# An interval of 0 becomes the number of steps divided by this.
_PART_OF_THE_STEPS = {"log_interval": 200, "eval_interval": 20, "checkpoint_interval": 20}


@dataclass(frozen=True)
class TrainingConfig:
    """How to train: the optimiser, its learning rate, and how often to log, evaluate and save.

    `decay` applies `weight_decay` to "all" parameters, or to "matrices" only, not to biases and
    norms. Intervals count steps; 0 means a fraction of all steps. An intermediate evaluation uses
    `eval_examples` examples of a split, 0 for as many as the final one: all, or, of a very large
    split, enough for a million targets. `compile` compiles whole steps to machine code where
    possible. `threads` is the number of threads for matrix products and compiled programs.
    """

    steps: int = 20_000  # updates of the parameters
    batch_size: int = 32  # examples per step; 0: all of them
    optimizer: Literal["sgd", "adam", "adamw"] = "adamw"  # sgd, adam or adamw
    learning_rate: float = 1e-3  # the highest; schedule and warmup vary it
    momentum: float = 0.0  # of sgd
    beta1: float = 0.9  # of adam, adamw: decay of the mean gradient
    beta2: float = 0.999  # of adam, adamw: decay of the mean square
    weight_decay: float = 0.0  # how fast weights shrink towards 0
    decay: Literal["all", "matrices"] = "all"  # which parameters: all, or matrices only
    schedule: Schedule = "constant"  # constant, linear, cosine or step
    warmup: int = 0  # steps of linear rise to the highest rate
    final_fraction: float = 0.1  # final rate as a fraction of the highest
    clip: float = 0.0  # largest norm of all gradients; 0: no limit
    seed: int = 1  # of weights, batches and dropout
    log_interval: int = 0  # steps between logged batch losses
    eval_interval: int = 0  # steps between losses on train and dev
    eval_examples: int = 20_000  # of each split, evenly spaced; 0: all
    checkpoint_interval: int = 0  # steps between checkpoints
    threads: int = 1  # 1 suits small models; 0: all cores
    compile: bool = True  # whole steps as machine code

    def __post_init__(self) -> None:
        _require(self.steps >= 1, "steps", "must be at least 1", self.steps)
        whole = ("batch_size", "warmup", "eval_examples", "seed", "threads")
        for name in (*whole, *_PART_OF_THE_STEPS):
            _require(getattr(self, name) >= 0, name, "must not be negative", getattr(self, name))
        for name in ("weight_decay", "clip"):
            value = getattr(self, name)
            _require(value >= 0 and math.isfinite(value), name, "must not be negative", value)
        rate = self.learning_rate
        _require(0 < rate < math.inf, "learning_rate", "must be a positive finite number", rate)
        for name in ("momentum", "beta1", "beta2"):
            value = getattr(self, name)
            _require(0 <= value < 1, name, "must be at least 0 and below 1", value)
        final = self.final_fraction
        _require(0 <= final <= 1, "final_fraction", "must be between 0 and 1", final)

    def resolved(self) -> "TrainingConfig":
        """A copy with every interval of 0 replaced by a number of steps.

        >>> TrainingConfig(steps=5000, eval_interval=7).resolved().checkpoint_interval
        250
        """
        missing: dict[str, Any] = {
            name: -(-self.steps // part)
            for name, part in _PART_OF_THE_STEPS.items()
            if getattr(self, name) == 0
        }
        return dataclasses.replace(self, **missing)


def _require(fine: bool, name: str, rule: str, value: object) -> None:
    if not fine:
        raise BadUse(f"training.{name} {rule}, got {value}")


@dataclass(frozen=True)
class RunConfig:
    """Everything that determines a run's numbers: the model's name and Config, data and training.

    `asked` holds the keys that were set explicitly, such as "model.h", even to their defaults.
    """

    name: str
    model: Any
    data: Any = field(default_factory=DataConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    asked: frozenset[str] = field(default=frozenset(), compare=False)  # keys set explicitly

    def tables(self) -> Tables:
        """The settings as nested dictionaries of plain values, as in TOML and JSON."""
        return {
            "model": {"name": self.name, **dataclasses.asdict(self.model)},
            "data": dataclasses.asdict(self.data),
            "training": dataclasses.asdict(self.training),
        }


def apply_tables(config: RunConfig, tables: Tables, *, source: str) -> RunConfig:
    """The config with its values overridden by those of nested tables.

    Errors: BadUse names the source, the key and the nearest known key, or the expected type.

    >>> base = RunConfig("none", DataConfig())
    >>> apply_tables(base, {"training": {"steps": 5}}, source="run.toml").training.steps
    5
    >>> apply_tables(base, {"training": {"stesp": 5}}, source="run.toml")
    Traceback (most recent call last):
    gradatim.training.errors.BadUse: run.toml: unknown key 'training.stesp'; did you mean 'steps'?
    """
    sections = {"model": config.model, "data": config.data, "training": config.training}
    changed: dict[str, Any] = {}
    for section, table in tables.items():
        if section not in sections:
            raise BadUse(f"{source}: {_no_table(config, section, table, list(sections))}")
        if not isinstance(table, dict):
            raise BadUse(
                f"{source}: '{section}' must be a table, write [{section}] on its own line"
            )
        if section == "model":
            table = _without_name(table, config.name, source)
        changed[section] = _replaced(sections[section], table, path=section, source=source)
    asked = {f"{section}.{key}" for section, table in tables.items() for key in table}
    return dataclasses.replace(config, **changed, asked=config.asked | asked)


def _no_table(config: RunConfig, name: str, value: object, sections: list[str]) -> str:
    """Why there is no such table; usually a key was written outside its table."""
    homes = [key.partition(".")[0] for key in known_keys(config) if key.endswith(f".{name}")]
    if homes and not isinstance(value, dict):
        return f"'{name}' is outside its table; write [{homes[0]}] on a line above it"
    hint = did_you_mean(name, sections)
    return f"unknown table '{name}'{hint} (tables are {', '.join(sections)})"


def apply_pairs(config: RunConfig, pairs: Sequence[str]) -> RunConfig:
    """The config with `key=value` texts applied; a key may drop its table if no other has it.

    >>> base = RunConfig("none", DataConfig())
    >>> apply_pairs(base, ["steps=5", "training.seed=7"]).training.seed
    7
    """
    # All at once: some settings only make sense together, such as a width and its heads.
    return apply_tables(config, tables_of(config, pairs), source=TYPED)


def tables_of(config: RunConfig, pairs: Sequence[str]) -> Tables:
    """`key=value` texts as nested tables, for a model with the keys of this config.

    >>> tables_of(RunConfig("none", DataConfig()), ["steps=5", "training.seed=7"])
    {'training': {'steps': '5', 'seed': '7'}}
    """
    tables: Tables = {}
    for pair in pairs:
        key, separator, text = pair.partition("=")
        if not separator or not key.strip():
            raise BadUse(f"--set wants key=value, got '{pair}', for example --set steps=5000")
        *path, last = _full_path(config, key.strip())
        table = tables
        for part in path:
            table = table.setdefault(part, {})
        table[last] = text.strip()
    return tables


def known_keys(config: RunConfig) -> list[str]:
    """Every dotted key that can be set, in the order of the tables."""
    sections = {"model": config.model, "data": config.data, "training": config.training}
    return [f"{name}.{key}" for name, section in sections.items() for key in _keys(section)]


def _keys(section: Any) -> list[str]:
    keys = []
    for item in fields(section):
        value = getattr(section, item.name)
        inner = is_dataclass(value) and not isinstance(value, type)
        keys += [f"{item.name}.{key}" for key in _keys(value)] if inner else [item.name]
    return keys


def _full_path(config: RunConfig, key: str) -> list[str]:
    known = known_keys(config)
    if key in known:
        return key.split(".")
    matches = [full for full in known if full.endswith(f".{key}")]
    if len(matches) == 1:
        return matches[0].split(".")
    if matches:
        raise BadUse(f"--set {key}: several tables have it; write one of {', '.join(matches)}")
    short = [full.rpartition(".")[2] for full in known]
    hint = did_you_mean(key, [*known, *short])
    raise BadUse(f"--set: unknown key '{key}'{hint or '; known: ' + ', '.join(known)}")


def _without_name(table: Tables, name: str, source: str) -> Tables:
    named = table.get("name", name)
    if named != name:
        raise BadUse(f"{source}: is for the model '{named}', but the model asked for is '{name}'")
    return {key: value for key, value in table.items() if key != "name"}


def _replaced(section: Any, table: Tables, *, path: str, source: str) -> Any:
    names = [item.name for item in fields(section)]
    types = get_type_hints(type(section))
    changed: dict[str, Any] = {}
    for key, value in table.items():
        where = f"{path}.{key}"
        if key not in names:
            hint = did_you_mean(key, names) or f"; known: {', '.join(names)}"
            raise BadUse(f"{source}: unknown key '{where}'{hint}")
        old = getattr(section, key)
        if is_dataclass(old) and not isinstance(old, type):
            changed[key] = _replaced(
                old, _as_table(value, where, source), path=where, source=source
            )
        else:
            changed[key] = convert(value, types[key], where=f"{source}: {where}")
    try:
        return dataclasses.replace(section, **changed)
    except BadUse as error:
        raise BadUse(f"{source}: {error}") from None
    except (ValueError, TypeError) as error:  # a model's own Config refuses a combination
        raise BadUse(f"{source}: [{path}] {error}") from None


def _as_table(value: object, where: str, source: str) -> Tables:
    if not isinstance(value, dict):
        raise BadUse(f"{source}: '{where}' must be a table of keys, got {value!r}")
    return value
