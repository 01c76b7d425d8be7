"""PyTorch's memory formats, of which contiguous and preserve are supported."""

from __future__ import annotations

from enum import Enum
from typing import Any

from ..core.errors import ArgumentError


class memory_format(Enum):
    """The order of a tensor's elements in memory.

    >>> contiguous_format
    gradatim.contiguous_format
    """

    CONTIGUOUS = "contiguous_format"
    PRESERVE = "preserve_format"
    CHANNELS_LAST = "channels_last"
    CHANNELS_LAST_3D = "channels_last_3d"

    def __repr__(self) -> str:
        return f"gradatim.{self.value}"

    __str__ = __repr__


contiguous_format, preserve_format = memory_format.CONTIGUOUS, memory_format.PRESERVE
channels_last, channels_last_3d = memory_format.CHANNELS_LAST, memory_format.CHANNELS_LAST_3D


def asks_for_order(name: str, asked: Any) -> bool:
    """Whether a call requests contiguous memory.

    Errors: TypeError for anything but a memory format; ArgumentError for channels last.
    """
    if asked is None:
        return False
    if not isinstance(asked, memory_format):
        raise TypeError(
            f"{name}: memory_format must be a gradatim.memory_format, got {type(asked).__name__}"
        )
    if asked not in (contiguous_format, preserve_format):
        raise ArgumentError(
            f"{name}: memory_format={asked} is not supported: tensors are contiguous, or views of "
            "contiguous ones; leave it out"
        )
    return asked is contiguous_format
