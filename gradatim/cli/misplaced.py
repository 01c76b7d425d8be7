"""Settings typed as options, `--n_layer 2`: suggests `--set model.n_layer=2` instead."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import click

from ..training.convert import FALSE, TRUE
from ..training.errors import BadUse, nearest


@dataclass(frozen=True)
class Misplaced:
    """The words typed, what to write instead, and whether that is a guess."""

    typed: str
    instead: str
    is_guess: bool


@dataclass(frozen=True)
class Setting:
    """A setting's full key, and whether it is a boolean."""

    key: str
    is_switch: bool


class SettingsCommand(click.Command):
    """A command with MODEL and --set that recognises settings typed as options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Like click's. Errors: BadUse says how to write misplaced settings."""
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            options = [p for p in self.get_params(ctx) if isinstance(p, click.Option)]
            wants_value = {name: not o.is_flag for o in options for name in o.opts}
            models = named_models(given)
            found = list(misplaced(given, wants_value, settings_of(models)))
            if found:
                raise BadUse(advice(found)) from error
            if isinstance(error, click.NoSuchOption):
                _refuse_unknown(error, ctx.command_path, models)
            raise


def advice(found: Sequence[Misplaced]) -> str:
    """The message for misplaced settings."""
    instead = " ".join(each.instead for each in found)
    typed = " ".join(each.typed for each in found)
    if any(each.is_guess for each in found):
        return f"settings are given with --set; did you mean {instead} instead of {typed}?"
    return f"settings are given with --set: write {instead} instead of {typed}"


def _refuse_unknown(error: click.NoSuchOption, command: str, models: Sequence[str]) -> None:
    """Raise an error for an option that is neither an option nor a setting of these models.

    Does nothing if an option has a similar name, which click suggests itself.
    """
    typed = _plain(error.option_name)
    if typed == "model":
        raise BadUse(f"MODEL needs no option: {command} {models[0]}") from error
    others = [name for name in all_models() if typed in settings_of([name])]
    if others:
        raise BadUse(f"{models[0]} has no setting '{typed}', only {', '.join(others)}") from error
    if not error.possibilities:
        whose = models[0] if len(models) == 1 else "MODEL"
        raise BadUse(
            f"there is no option and no setting '{error.option_name}'; {command} --help has the"
            f" options, gradatim models {whose} the settings"
        ) from error


def all_models() -> list[str]:
    """The names of all models."""
    from ..models import MODELS

    return [entry.name for entry in MODELS]


def named_models(words: Sequence[str]) -> list[str]:
    """The model among the words, else the default one; all for a run, whose model is unknown."""
    from ..training.session import DEFAULT_MODEL

    known = all_models()
    if any(word.partition("=")[0] == "--resume" for word in words):
        return known
    return [word for word in words if word in known][:1] or [DEFAULT_MODEL]


def settings_of(models: Sequence[str]) -> dict[str, Setting]:
    """The settings of models by name, with and without their table."""
    from ..training.settings import default_config, find_model

    settings: dict[str, Setting] = {}
    for model in models:
        for table, values in default_config(find_model(model)).tables().items():
            for name, value in values.items():
                if table == "model" and name == "name":  # not a setting
                    continue
                setting = Setting(f"{table}.{name}", isinstance(value, bool))
                settings.setdefault(setting.key, setting)
                settings.setdefault(name, setting)
    return settings


def misplaced(
    words: Sequence[str], wants_value: dict[str, bool], settings: dict[str, Setting]
) -> Iterator[Misplaced]:
    """The settings among the words that are not given as --set KEY=VALUE.

    `wants_value` maps each option to whether it takes a value.

    >>> settings = {"n_layer": Setting("model.n_layer", False)}
    >>> [found.instead for found in misplaced(["gpt", "--n-layer", "2"], {}, settings)]
    ['--set model.n_layer=2']
    """
    waiting = list(reversed(words))
    while waiting:
        typed = [waiting.pop()]
        name, equals, value = typed[0].partition("=")
        if name in wants_value:
            if wants_value[name] and not equals and waiting:
                typed.append(value := waiting.pop())
            if name != "--set" or "=" in value:
                continue
            name, equals = value, ""  # --set n_layer 2
        elif not (name.startswith("-") or equals):
            continue
        setting, is_guess = _look_up(name, settings, wants_value)
        if setting is None:
            continue
        if not equals:
            value, following = _value(setting, waiting)
            typed += following
        instead = f"--set {shlex.quote(f'{setting.key}={value}')}"
        yield Misplaced(shlex.join(typed), instead, is_guess)


def _look_up(
    name: str, settings: dict[str, Setting], options: Iterable[str]
) -> tuple[Setting | None, bool]:
    """The setting that a typed name refers to, and whether this is a guess."""
    typed = _plain(name)
    if typed in settings:
        return settings[typed], False
    others = [*map(_plain, options), "model"]
    short = [key for key in settings if "." not in key]
    near = nearest(typed.rpartition(".")[2], [*others, *short])
    return (None if near is None or near in others else settings[near]), True


def _plain(name: str) -> str:
    return name.lstrip("-").replace("-", "_")


def _value(setting: Setting, waiting: list[str]) -> tuple[str, list[str]]:
    """The value that follows a setting, and the words taken for it from `waiting`."""
    following = waiting[-1] if waiting else "-"
    if setting.is_switch and following.lower() not in TRUE + FALSE:
        return "true", []
    if following.startswith("-") and not following[1:2].isdigit():
        return "VALUE", []
    return following, [waiting.pop()]
