"""Saving the picture of a command: file name, format and errors."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..training.errors import BadUse, Failure

if TYPE_CHECKING:
    from ..draw import Drawing, Drawings

F = TypeVar("F", bound=Callable[..., Any])


def _checked(context: click.Context, parameter: click.Parameter, file: Path | None) -> Any:
    """Refuse what cannot be written before anything long begins."""
    if file is None:
        return None
    if file.suffix.lower() not in (".svg", ".png"):
        raise BadUse(
            f"cannot save a drawing as {file.name!r}: end the name with .svg (any browser opens it)"
            " or .png"
        )
    if not file.parent.is_dir():
        raise Failure(
            f"cannot write {file} (there is no folder {str(file.parent)!r}: make it first); choose"
            " another place with -o"
        )
    return file


output_option: Callable[[F], F] = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    callback=_checked,
    help="Where to write it, .svg or .png; else named after the picture, in this folder.",
)


def save(draw: Callable[[], Drawing | Drawings], output: Path | None, name: str) -> None:
    """Draw, write the picture and say where.

    Errors: BadUse for an unknown ending or an empty picture; Failure without a PNG converter.
    """
    target = output or Path(re.sub(r"[^\w.-]", "_", name) + ".svg")
    try:
        written = draw().save(target)
    except ValueError as error:
        raise BadUse(str(error)) from error
    except RuntimeError as error:  # no PNG converter
        raise Failure(str(error)) from error
    except OSError as error:
        why = error.strerror or error
        raise Failure(f"cannot write {target} ({why}); choose another place with -o") from error
    click.echo(f"Wrote {written}; open it in a browser.")
