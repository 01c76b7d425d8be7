"""The file format of tokenisers: JSON with a version and a checksum."""

import hashlib
import json
from pathlib import Path
from typing import Any

from ..errors import DataFileError, TokenizerError

FORMAT, VERSION = "gradatim tokenizer", 1


def file_of(values: dict[str, Any]) -> bytes:
    """The bytes of a file with these values."""
    text = json.dumps({"format": FORMAT, "version": VERSION, **values}, indent=1)
    return f"{text}\n".encode("ascii")


def read_json(path: Path) -> dict[str, Any]:
    """The values of a file.

    Errors: DataFileError if it cannot be read; TokenizerError if it is not such a file, or is of a
    later version.
    """
    try:
        values = json.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise DataFileError(
            f"the tokeniser {path} cannot be read ({error.strerror}); give a file that a tokeniser"
            " was saved to"
        ) from None
    except (ValueError, RecursionError):
        raise TokenizerError(
            f"{path} is no tokeniser, or was cut off: it is not JSON; restore it from a copy, or"
            " train the tokeniser again"
        ) from None
    if not isinstance(values, dict) or values.pop("format", None) != FORMAT:
        raise TokenizerError(f"{path} is no tokeniser; give a file that a tokeniser was saved to")
    version = values.pop("version", None)
    if version != VERSION:
        raise TokenizerError(
            f"{path} has version {version!r}, and this Gradatim reads {VERSION}; update Gradatim,"
            " or train the tokeniser again"
        )
    return values


def checksum(values: dict[str, Any]) -> str:
    """SHA-256 of JSON values, serialised canonically."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode("ascii")).hexdigest()
