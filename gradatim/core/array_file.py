"""Named arrays, with optional text metadata, to and from safetensors bytes; loading runs no code.

The format: https://huggingface.co/docs/safetensors. The `safetensors` package writes and checks it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from .errors import FileError

Arrays = dict[str, np.ndarray[Any, Any]]

TEXTS = "__metadata__"  # the name the format reserves for text metadata; no array may have it


def to_bytes(arrays: Mapping[str, np.ndarray[Any, Any]], texts: dict[str, str] | None) -> bytes:
    """The file's bytes, with each array in C order; the same input always gives the same bytes."""
    from safetensors.numpy import save

    # safetensors writes the raw buffer, so an array that is not C-contiguous would be garbled.
    ordered = {name: np.asarray(array, order="C") for name, array in sorted(arrays.items())}
    data = save(ordered, metadata=texts)
    if not texts:
        return data
    header, length = _header(data)
    header[TEXTS] = dict(sorted(texts.items()))  # the package writes them in no fixed order
    encoded = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    encoded += b" " * (-len(encoded) % 8)
    return len(encoded).to_bytes(8, "little") + encoded + data[8 + length :]


def from_bytes(data: bytes) -> tuple[Arrays, dict[str, str]]:
    """A file's arrays and text metadata. Errors: FileError if truncated or not safetensors."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(data), _header(data)[0].get(TEXTS, {})
    except SafetensorError as error:
        cause = str(error).removeprefix("Error while deserializing: ")
        raise FileError(f"not a safetensors file, or truncated ({cause})") from None
    except KeyError as error:  # a dtype such as bfloat16
        raise FileError(f"numbers of type {error.args[0]}, which NumPy does not have") from None


def _header(data: bytes) -> tuple[dict[str, Any], int]:
    """The parsed JSON header, and its length in bytes."""
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]), length
