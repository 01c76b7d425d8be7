"""`draw.bars`, and `draw.surprise`: how surprised a model is by each letter of a word."""

import math
from collections.abc import Sequence
from typing import Any

from ..core.errors import ArgumentError
from .canvas import theme
from .canvas.drawing import Drawing
from .canvas.plain import as_floats
from .canvas.significant import compact
from .canvas.svg import line, rectangle, text
from .canvas.text_width import text_width
from .plot.axes import LABEL_SIZE, Axes, frame, heading_end
from .plot.scale import Scale

_LEFT, _BOTTOM, _RIGHT = 60.0, 52.0, 24.0
_TOP, _HEADING = 24.0, 21.0
_HEIGHT = 230.0
_BAR_ROOM = 46.0
_LEAST_WIDTH = 320.0
_LABEL_SIZE = 15.0
_NUMBER_SIZE = 11.0
MOST_BARS = 200


def bars(
    values: Any,
    labels: Sequence[object] | None = None,
    *,
    mean: bool = False,
    title: str = "",
    y_label: str = "",
) -> Drawing:
    """Draw a bar for each number, its label below and its value above; `mean` adds a line.

    A nan or infinite number has no bar, only its label.

    Errors: ArgumentError for no numbers, more than 200, or labels that do not fit.

    >>> bars([2.0, 0.5], "ab", mean=True)
    <Drawing: bars, ...>
    """
    numbers = as_floats(values)
    names = _names(labels, len(numbers))
    axes = _bar_axes(numbers, names, headings=bool(title) + bool(y_label))
    drawn = frame(axes, title=title, y_label=y_label, x_numbers=False)
    for i, written in enumerate(_written(numbers)):
        drawn += _bar(axes, i, numbers[i], names[i], written)
    mean_line, tail = _mean_line(axes, numbers) if mean else ([], 0.0)
    return Drawing(
        width=max(axes.x.end + tail, heading_end(axes, title, y_label)) + _RIGHT,
        height=axes.y.start + _BOTTOM,
        elements=(*drawn, *mean_line),
        title=title or "bars",
        description=", ".join(
            f"{name} {compact(n)}".strip() for name, n in zip(names, numbers, strict=True)
        ),
    )


def _names(labels: Sequence[object] | None, count: int) -> list[str]:
    if not 0 < count <= MOST_BARS:
        raise ArgumentError(f"draw.bars draws 1 to {MOST_BARS} numbers, got {count}")
    names = [""] * count if labels is None else [str(label) for label in labels]
    if len(names) != count:
        raise ArgumentError(f"draw.bars: {len(names)} labels for {count} numbers")
    return names


def _bar_axes(numbers: Sequence[float], names: Sequence[str], *, headings: int) -> Axes:
    """One unit of x per bar; y from zero, or the smallest number, with room for the text."""
    finite = [number for number in numbers if math.isfinite(number)]
    low, high = min([*finite, 0.0]), max([*finite, 0.0])
    margin = 0.09 * ((high - low) or 1.0)
    widest = max(text_width(name, _LABEL_SIZE, bold=True) for name in names) + 10
    count = len(numbers)
    room = max(_BAR_ROOM, widest, _LEAST_WIDTH / count if count < 6 else 0.0)
    top = _TOP + _HEADING * headings
    return Axes(
        Scale(0.0, float(count), _LEFT, _LEFT + room * count),
        Scale(low - (margin if low < 0 else 0.0), high + margin, top + _HEIGHT, top),
    )


def _mean_line(axes: Axes, numbers: Sequence[float]) -> tuple[list[str], float]:
    """A labelled dashed line at the mean of the finite numbers, and the width of its label."""
    finite = [number for number in numbers if math.isfinite(number)]
    if not finite:
        return [], 0.0
    average = sum(finite) / len(finite)
    label = f"mean {average:.3f}" if _is_medium(finite) else f"mean {compact(average)}"
    y = axes.y(average)
    ends = (axes.x.start, y), (axes.x.end, y)
    drawn = [
        line(*ends, stroke=theme.ACCENT, stroke_width=1.6, dash="5 4"),
        text((axes.x.end + 8, y + 4), label, size=LABEL_SIZE, fill=theme.ACCENT, bold=True),
    ]
    return drawn, text_width(label, LABEL_SIZE, bold=True) + 8


def surprise(
    word: str, values: Any, *, letters: Sequence[str] | None = None, end: str = "end"
) -> Drawing:
    """Draw the surprise, -log p in nats, of each letter of `word`; a line marks the mean, the loss.

    `values` has one number per letter, and one more for the end of the word (labelled `end`) if the
    model also predicts it. For a text in tokens `letters` are the tokens of the numbers.

    Errors: ArgumentError if the numbers do not fit the word.

    >>> surprise("ada", [1.9, 2.7, 1.2, 0.9])
    <Drawing: Surprise of “ada”, ...>
    """
    numbers = as_floats(values)
    label = f"−log p of each {'letter' if letters is None else 'token'}, in nats"
    letters = [*word] if letters is None else [*letters]
    labels = letters if len(numbers) == len(letters) else [*letters, end]
    if len(numbers) != len(labels):
        raise ArgumentError(
            f"draw.surprise: {word!r} has {len(letters)} letters, so it takes {len(letters)}"
            f" numbers, or {len(letters) + 1} with the end; got {len(numbers)}"
        )
    title = f"Surprise of “{word}”"
    return bars(numbers, labels, mean=True, title=title, y_label=label)


def _written(numbers: Sequence[float]) -> list[str]:
    """The numbers as strings, with two decimals unless they are whole, very large or all small."""
    finite = [number for number in numbers if math.isfinite(number)]
    whole = all(number == int(number) for number in finite)
    equal = _is_medium(finite) and not whole
    return [f"{number:.2f}" if equal else compact(number) for number in numbers]


def _is_medium(finite: Sequence[float]) -> bool:
    """Whether a few decimals show what the largest of these numbers is."""
    return 0.1 <= max(map(abs, finite), default=0.0) < 1000


def _bar(axes: Axes, i: int, number: float, name: str, written: str) -> list[str]:
    left, center = axes.x(i), axes.x(i + 0.5)
    label = text((center, axes.y.start + 22), name, size=_LABEL_SIZE, anchor="middle", bold=True)
    zero = axes.y(0.0)
    level = line((left, zero), (axes.x(i + 1), zero), stroke=theme.EDGE)
    if not math.isfinite(number):
        place = (center, zero - 6)
        return [label, level, text(place, written, size=11, fill=theme.MUTED, anchor="middle")]
    tip, width = axes.y(number), min(2 * (center - left) * 0.66, 56.0)
    length, colour = abs(zero - tip), theme.BLUE if number >= 0 else theme.RED
    body = rectangle(center - width / 2, min(zero, tip), width, length, fill=colour)
    base, half = tip - 6 if number >= 0 else tip + 14, text_width(written, _NUMBER_SIZE) / 2
    # Hides the grid line behind the number.
    ground = rectangle(center - half, base - 10, 2 * half, 12, fill=theme.PAPER)
    value = text((center, base), written, size=_NUMBER_SIZE, anchor="middle")
    return [label, ground, body, level, value]
