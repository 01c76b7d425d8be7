"""`draw.images`: small images in rows, each with its label below."""

import base64
import math
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.arguments import whole_number
from ..core.errors import ArgumentError
from ..core.handle import Handle
from .canvas.drawing import Drawing
from .canvas.svg import group, number, text
from .canvas.text_width import text_width

_MARGIN, _GAP, _TITLED = 20.0, 8.0, 34.0
_LABEL_SIZE, _TITLE_SIZE = 12.0, 14.0
_LEAST_SIDE = 48.0  # of an image, in units of the picture
_MOST_IMAGES = 1000
_MOST_PIXELS = 4_000_000

Pixels = np.ndarray[Any, np.dtype[np.uint8]]


def images(
    images: Any,
    labels: Sequence[object] | None = None,
    *,
    columns: int = 10,
    title: str = "",
) -> Drawing:
    """Draw images of shape (N, height, width), or (N, channels, height, width), in rows.

    One channel is grey, three are red, green and blue; one image alone may be (height, width). The
    least number of all is black, the greatest white; if all lie between 0 and 1, these are 0 and 1.
    nan is black.

    Errors: ArgumentError for other shapes, for labels that do not fit, or for more than 1,000
    images or four million pixels.

    >>> from gradatim.data import digits
    >>> some = digits.load()[:20]
    >>> images(some.images, some.labels, title="Digits")
    <Drawing: Digits, ...>
    """
    given = _grey_or_coloured(images)
    count, height, width = given.shape[:3]
    names = _names(labels, count)
    across = min(max(whole_number("draw.images: columns", columns), 1), count)
    # Whole multiples: every pixel is equally large, whatever draws the picture.
    larger = max(1, math.ceil(_LEAST_SIDE / max(height, width)))
    step = max(width * larger, *(text_width(name, _LABEL_SIZE) for name in names)) + _GAP
    below = height * larger + _GAP + (_LABEL_SIZE + 4 if any(names) else 0.0)
    top = _MARGIN + (_TITLED if title else 0.0)
    drawn = [text((_MARGIN, _MARGIN + 14), title, size=_TITLE_SIZE, bold=True)] if title else []
    for i, (image, name) in enumerate(zip(given, names, strict=True)):
        x, y = _MARGIN + (i % across) * step, top + (i // across) * below
        parts = [_image(x + (step - _GAP - width * larger) / 2, y, image, larger)]
        if name:
            spot = (x + (step - _GAP) / 2, y + height * larger + _LABEL_SIZE + 2)
            parts.append(text(spot, name, size=_LABEL_SIZE, anchor="middle"))
        drawn.append(group(parts))
    title_end = _MARGIN + text_width(title, _TITLE_SIZE, bold=True)
    return Drawing(
        width=max(_MARGIN + across * step - _GAP, title_end) + _MARGIN,
        height=top + math.ceil(count / across) * below - _GAP + _MARGIN,
        elements=tuple(drawn),
        title=title or f"{count:,} images",
        description=f"{count:,} images of {height} x {width} pixels"
        + (f": {', '.join(names)}" if any(names) else ""),
    )


def _grey_or_coloured(images: Any) -> Pixels:
    """The images as bytes (N, height, width, channels)."""
    array = images.detach().numpy() if isinstance(images, Handle) else np.asarray(images)
    whole = array[None] if array.ndim == 2 else array
    whole = whole[:, None] if whole.ndim == 3 else whole
    if whole.ndim != 4 or whole.shape[1] not in (1, 3) or 0 in whole.shape:
        raise ArgumentError(
            "draw.images: expects (N, height, width), or (N, channels, height, width) with one"
            f" channel or three, got {list(array.shape)}"
        )
    if len(whole) > _MOST_IMAGES or whole.size > _MOST_PIXELS:
        raise ArgumentError(
            f"draw.images draws up to {_MOST_IMAGES:,} images of {_MOST_PIXELS:,} numbers together,"
            f" got {list(array.shape)}"
        )
    values = whole.transpose(0, 2, 3, 1).astype(np.float64)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if low >= 0.0 and high <= 1.0:
        low, high = 0.0, 1.0
    shares = (np.nan_to_num(values, nan=low) - low) / ((high - low) or 1.0)
    return np.rint(255 * shares.clip(0.0, 1.0)).astype(np.uint8)


def _names(labels: Any, count: int) -> list[str]:
    if labels is None:
        return [""] * count
    plain = labels.tolist() if callable(getattr(labels, "tolist", None)) else labels
    names = [str(label) for label in (plain if isinstance(plain, list | tuple | str) else [plain])]
    if len(names) != count:
        raise ArgumentError(f"draw.images: {len(names)} labels for {count} images")
    return names


def _image(x: float, y: float, pixels: Pixels, larger: int) -> str:
    magnified = pixels.repeat(larger, 0).repeat(larger, 1)
    height, width = magnified.shape[:2]
    source = base64.b64encode(_png(magnified)).decode("ascii")
    return (
        f'<image x="{number(x)}" y="{number(y)}" width="{width}" height="{height}"'
        f' style="image-rendering:pixelated" href="data:image/png;base64,{source}"/>'
    )


def _png(pixels: Pixels) -> bytes:
    """A PNG file of bytes (height, width, 1 or 3): its header, the compressed rows, its end."""
    height, width, channels = pixels.shape
    colour = {1: 0, 3: 2}[channels]
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    rows = np.zeros((height, 1 + width * channels), np.uint8)  # each begins with its filter: none
    rows[:, 1:] = pixels.reshape(height, -1)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
