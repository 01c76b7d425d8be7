"""Settings in TOML: mistakes are reported with file and line; what is written reads back equal."""

import json
from pathlib import Path
from typing import Any

from .errors import BadUse


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Errors: BadUse names the file, and the line if the syntax is wrong.
    """
    import tomllib  # here because plain `gradatim` reads no settings and should start fast

    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise BadUse(f"{path}: no such config file") from None
    except IsADirectoryError:
        raise BadUse(f"{path}: is a folder; give a TOML file") from None
    except UnicodeDecodeError as error:
        raise BadUse(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except (ValueError, RecursionError) as error:  # huge numbers, or deep nesting
        raise BadUse(f"{path}: not valid TOML: {error}") from None
    except OSError as error:
        raise BadUse(f"{path}: cannot be read ({error.strerror})") from None


def write_toml(tables: dict[str, Any]) -> str:
    """Nested tables of plain values as TOML text; `None`, which TOML lacks, is written "none".

    >>> print(write_toml({"model": {"name": "mlp", "widths": [8, 8]}, "data": {"seed": 1}}))
    [model]
    name = "mlp"
    widths = [8, 8]
    <BLANKLINE>
    [data]
    seed = 1
    <BLANKLINE>
    """
    return "\n".join(_table(name, table) for name, table in tables.items())


def _table(name: str, table: dict[str, Any]) -> str:
    plain = {key: value for key, value in table.items() if not isinstance(value, dict)}
    inner = {key: value for key, value in table.items() if isinstance(value, dict)}
    lines = [f"{key} = {toml_value(value)}" for key, value in plain.items()]
    text = "\n".join([f"[{name}]", *lines]) + "\n"
    return text + "".join("\n" + _table(f"{name}.{key}", value) for key, value in inner.items())


def toml_value(value: Any) -> str:
    """A plain value in TOML syntax."""
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(part) for part in value) + "]"
    if value is None:
        return '"none"'
    if isinstance(value, (bool, str)):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)
