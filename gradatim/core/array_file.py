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
    """The file that holds these arrays, each in the order of its rows."""
    from safetensors.numpy import save

    # safetensors writes the buffer as it lies in memory, so a transposed array would be garbled.
    ordered = {name: np.asarray(array, order="C") for name, array in sorted(arrays.items())}
    return save(ordered, metadata=texts)


def from_bytes(data: bytes) -> tuple[Arrays, dict[str, str]]:
    """The arrays and the texts of a file. Errors: FileError if it is cut off or no such file."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(data), _texts(data)
    except SafetensorError as error:
        what = str(error).removeprefix("Error while deserializing: ")
        raise FileError(f"no safetensors file, or one that was cut off ({what})") from None
    except KeyError as error:  # NumPy has no such numbers
        raise FileError(f"numbers of type {error.args[0]}, which NumPy does not have") from None


def _texts(data: bytes) -> dict[str, str]:
    length = int.from_bytes(data[:8], "little")
    texts: dict[str, str] = json.loads(data[8 : 8 + length]).get(TEXTS, {})
    return texts
