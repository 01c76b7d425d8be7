"""Arrays by name as the bytes of a safetensors file, with texts beside them; nothing is run.

The format: https://huggingface.co/docs/safetensors. It is written and checked by its own package.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from .errors import FileError

Arrays = dict[str, np.ndarray[Any, Any]]

TEXTS = "__metadata__"  # the name that the format keeps for the texts; no array may have it


def to_bytes(arrays: Mapping[str, np.ndarray[Any, Any]], texts: dict[str, str] | None) -> bytes:
    """The file that holds these arrays, each in the order of its rows; the same each time."""
    from safetensors.numpy import save

    # safetensors writes the buffer as it lies in memory, so a transposed array would be garbled.
    ordered = {name: np.asarray(array, order="C") for name, array in sorted(arrays.items())}
    data = save(ordered, metadata=texts)
    if not texts:
        return data
    header, length = _header(data)
    header[TEXTS] = dict(sorted(texts.items()))  # the package writes them in any order
    spelled = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    spelled += b" " * (-len(spelled) % 8)
    return len(spelled).to_bytes(8, "little") + spelled + data[8 + length :]


def from_bytes(data: bytes) -> tuple[Arrays, dict[str, str]]:
    """The arrays and the texts of a file. Errors: FileError if it is cut off or no such file."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(data), _header(data)[0].get(TEXTS, {})
    except SafetensorError as error:
        what = str(error).removeprefix("Error while deserializing: ")
        raise FileError(f"no safetensors file, or one that was cut off ({what})") from None
    except KeyError as error:  # NumPy has no such numbers
        raise FileError(f"numbers of type {error.args[0]}, which NumPy does not have") from None


def _header(data: bytes) -> tuple[dict[str, Any], int]:
    """What a file says of itself, and in how many bytes."""
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]), length
