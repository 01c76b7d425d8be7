"""`draw.histogram`: how numbers are distributed, one outline for each name."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..core.arguments import whole_number
from ..core.errors import ArgumentError
from ..core.handle import Handle
from .canvas import theme
from .canvas.drawing import Drawing
from .canvas.plain import as_float, as_list
from .canvas.significant import compact
from .canvas.svg import circle, path, text, through
from .canvas.text_width import text_width
from .plot.axes import Axes, frame, heading_end, room_for_numbers
from .plot.scale import Scale, limits

_WIDTH, _HEIGHT = 560.0, 260.0
_TOP, _HEADING, _BOTTOM, _RIGHT = 24.0, 21.0, 56.0, 24.0
_KEY_SIZE, _LINE = 12.0, 30.0
_MOST_BINS = 1000

Numbers = np.ndarray[Any, np.dtype[np.float64]]


def histogram(
    values: Any,
    bins: int = 50,
    *,
    title: str = "",
    x_label: str = "value",
) -> Drawing:
    """Draw the distribution of numbers, or of those of each name in a dictionary.

    `values` may be tensors of any shape. All share the same `bins` equal bins; a height is the
    share of the numbers that fall into a bin, so that many can be compared with few. Beside each
    name stand the mean and the standard deviation. Numbers that are nan or infinite are left out.

    Errors: ArgumentError if there is no finite number, or for a number of bins below 1 or above
    1,000.

    >>> histogram([0.1, 0.2, 0.2, 0.7], bins=4)
    <Drawing: histogram of value, ...>
    >>> histogram({"tanh": [-1.0, 0.0, 1.0], "linear": [-2.0, 3.0]}, bins=10, title="Two layers")
    <Drawing: Two layers, ...>
    """
    count = whole_number("draw.histogram: bins", bins)
    if not 1 <= count <= _MOST_BINS:
        raise ArgumentError(f"draw.histogram: bins is 1 to {_MOST_BINS:,}, got {count}")
    named = values if isinstance(values, Mapping) else {"": values}
    numbers = {str(name): _finite(given) for name, given in named.items()}
    low, high = limits((edge for n in numbers.values() for edge in _extremes(n)), margin=0.0)
    edges = np.linspace(low, high, count + 1)
    shares = {name: np.histogram(n, edges)[0] / max(n.size, 1) for name, n in numbers.items()}
    top = _TOP + _HEADING * (1 + bool(title))
    tallest = max(float(share.max()) for share in shares.values())
    y = Scale(0.0, 1.08 * tallest, top + _HEIGHT, top)
    left = room_for_numbers(y) + 16
    axes = Axes(Scale(low, high, left, left + _WIDTH), y)
    drawn = frame(axes, title=title, x_label=x_label, y_label="share of the numbers")
    ends = [axes.x.end, heading_end(axes, title, "share of the numbers")]
    told = []
    for i, (name, share) in enumerate(shares.items()):
        colour = theme.SERIES[i % len(theme.SERIES)]
        outline = _steps(axes, edges.tolist(), share.tolist())
        drawn.append(path(outline, fill=colour, opacity=0.16))
        drawn.append(path(outline, stroke=colour, stroke_width=1.6))
        spread = _spread(numbers[name])
        told.append(f"{name}: {spread}" if name else spread)
        x, base = axes.x.end + 22, top + 6 + i * _LINE
        if name:
            drawn.append(circle((x - 8, base - 4), 4, fill=colour))
            drawn.append(text((x, base), name, size=_KEY_SIZE, fill=colour, bold=True))
        drawn.append(text((x, base + 13), spread, size=_KEY_SIZE - 1, fill=theme.MUTED))
        ends += [x + text_width(line, _KEY_SIZE, bold=True) for line in (name, spread)]
    return Drawing(
        width=max(ends) + _RIGHT,
        height=max(top + _HEIGHT + _BOTTOM, top + len(shares) * _LINE + _RIGHT),
        elements=tuple(drawn),
        title=title or f"histogram of {x_label}",
        description="; ".join(told),
    )


def _finite(given: Any) -> Numbers:
    """All finite numbers of a tensor, an array, a list, or of `Value`s."""
    if isinstance(given, Handle):
        flat = given.detach().numpy()
    elif isinstance(given, np.ndarray):
        flat = given
    else:
        items = as_list(given)
        nested = any(isinstance(item, list | tuple | Handle | np.ndarray) for item in items)
        if nested:
            return np.concatenate([_finite(item) for item in items])
        flat = np.array([as_float(item) for item in items])
    flat = flat.reshape(-1).astype(np.float64)
    return flat[np.isfinite(flat)]


def _extremes(numbers: Numbers) -> list[float]:
    return [float(numbers.min()), float(numbers.max())] if numbers.size else []


def _spread(numbers: Numbers) -> str:
    if not numbers.size:
        return "no finite number"
    mean, deviation = float(numbers.mean()), float(numbers.std())
    shown = 0.0 if math.isclose(mean, 0.0, abs_tol=1e-3 * deviation) else mean
    return f"mean {compact(shown, 3)}, std {compact(deviation, 3)}"


def _steps(axes: Axes, edges: list[float], shares: list[float]) -> str:
    """The outline of the bars, from the axis up and back to it."""
    corners = [(edges[0], 0.0)]
    for i, share in enumerate(shares):
        corners += [(edges[i], share), (edges[i + 1], share)]
    return through([axes.place(c) for c in [*corners, (edges[-1], 0.0)]], closed=True)
