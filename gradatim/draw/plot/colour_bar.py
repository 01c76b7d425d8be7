"""A colour bar: the colours of a picture from the smallest number to the largest."""

from collections.abc import Callable

from ..canvas import theme
from ..canvas.svg import rectangle, text
from ..canvas.text_width import text_width
from .scale import Scale, tick_labels

LEAST_BAR, LONGEST_BAR = 96.0, 260.0
_WIDTH = 14.0
_STEPS = 64


def colour_bar(
    colour_of: Callable[[float], str], ends: tuple[float, float], place: tuple[float, float, float]
) -> tuple[list[str], float]:
    """The bar and its width; `place` is its left side, its top, and its lowest end."""
    low, high = ends
    if high == low:
        return [], 0.0
    x, top, bottom = place
    bottom = min(max(bottom, top + LEAST_BAR), top + LONGEST_BAR)
    step = (bottom - top) / _STEPS
    drawn = []
    for k in range(_STEPS):
        value = low + (high - low) * (k + 0.5) / _STEPS
        y, height = bottom - (k + 1) * step, step + 1.0 if k else step  # no seams
        drawn.append(rectangle(x, y, _WIDTH, height, fill=colour_of(value)))
    drawn.append(rectangle(x, top, _WIDTH, bottom - top, stroke=theme.HAIRLINE))
    ruler = Scale(low, high, bottom, top)
    places = ruler.ticks(5)
    labels = tick_labels(places)
    for at, label in zip(places, labels, strict=True):
        drawn.append(text((x + _WIDTH + 6, ruler(at) + 4), label, size=11, fill=theme.MUTED))
    return drawn, _WIDTH + 6 + max(text_width(label, 11) for label in labels)
