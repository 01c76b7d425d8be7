"""Converts a value from a TOML file or a command line to the type of a dataclass field.

Text, from the command line or quoted in a file, is parsed as the wanted type. Any other TOML value
must already have it, except that an integer is accepted for a float.
"""

import math
import types
from collections.abc import Callable
from typing import Any, Literal, Union, get_args, get_origin

from ..data.names.vocabulary import shorten
from .errors import BadUse, did_you_mean

TRUE, FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def convert(value: Any, wanted: Any, *, where: str) -> Any:
    """The value as the wanted type: bool, int, float, str, Literal, tuple[...], or `X | None`.

    Errors: BadUse names the setting, the expected type and the value.

    >>> convert("3", int, where="steps"), convert("1e-3", float, where="rate")
    (3, 0.001)
    >>> convert("64,32", tuple[int, ...], where="widths")
    (64, 32)
    >>> convert("ten", int, where="run.toml: training.steps")
    Traceback (most recent call last):
    gradatim.training.errors.BadUse: run.toml: training.steps wants a whole number, got 'ten'
    """
    origin = get_origin(wanted)
    if origin is Literal:
        return _choice(value, get_args(wanted), where)
    if origin is tuple:
        return _tuple(value, get_args(wanted), where)
    if origin in (Union, types.UnionType):
        return _optional(value, get_args(wanted), where)
    if wanted not in _SCALARS:
        raise BadUse(f"{where} cannot be set: its type {wanted} has no written form")
    return _SCALARS[wanted](value, where)


def _bool(value: Any, where: str) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in TRUE + FALSE:
        return value.lower() in TRUE
    raise _wrong(where, "true or false", value)


def _int(value: Any, where: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        if isinstance(value, str):
            return int(value)
    except ValueError:
        pass
    raise _wrong(where, "a whole number", value)


def _float(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise _wrong(where, "a number", value)
    try:
        number = float(value)
    except ValueError:
        raise _wrong(where, "a number", value) from None
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _wrong(where, "a finite number", value)
    return number


def _str(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise _wrong(where, "a text", value)
    return value


_SCALARS: dict[Any, Callable[[Any, str], Any]] = {
    bool: _bool,
    int: _int,
    float: _float,
    str: _str,
}


def _choice(value: Any, choices: tuple[Any, ...], where: str) -> Any:
    for choice in choices:
        if value == choice or (isinstance(value, str) and value == str(choice)):
            return choice
    names = [str(choice) for choice in choices]
    hint = did_you_mean(str(value), names)
    raise BadUse(f"{where} wants one of {', '.join(names)}, got {value!r}{hint}")


def _tuple(value: Any, inner: tuple[Any, ...], where: str) -> tuple[Any, ...]:
    if isinstance(value, str):
        value = [part.strip() for part in value.strip("[]() ").split(",") if part.strip()]
    if not isinstance(value, (list, tuple)):
        raise _wrong(where, "a list such as 64,32", value)
    if len(inner) == 2 and inner[1] is Ellipsis:
        inner = (inner[0],) * len(value)
    if len(inner) != len(value):
        raise _wrong(where, f"a list of {len(inner)}", value)
    return tuple(convert(part, kind, where=where) for part, kind in zip(value, inner, strict=True))


def _optional(value: Any, kinds: tuple[Any, ...], where: str) -> Any:
    none = type(None) in kinds
    if none and (value is None or (isinstance(value, str) and value.lower() == "none")):
        return None
    kinds = tuple(kind for kind in kinds if kind is not type(None))
    for kind in kinds[:-1]:
        try:
            return convert(value, kind, where=where)
        except BadUse:
            continue
    return convert(value, kinds[-1], where=where)


def _wrong(where: str, wanted: str, value: Any) -> BadUse:
    return BadUse(f"{where} wants {wanted}, got {shorten(repr(value))}")
