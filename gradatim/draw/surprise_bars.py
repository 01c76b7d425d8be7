"""`draw.bars`, and `draw.surprise`: how surprised a model is by each letter of a word."""

import math
from collections.abc import Sequence
from typing import Any

from ..core.errors import ArgumentError
from . import theme
from .axes import Axes, frame
from .drawing import Drawing
from .plain import as_floats
from .scale import Scale
from .significant import compact
from .svg import line, rectangle, text
from .text_width import text_width

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

    A number that is nan or infinite has no bar, only its name.

    Errors: ArgumentError for no numbers, more than 200, or labels that do not fit.

    >>> bars([2.0, 0.5], "ab", mean=True)
    <Drawing: bars, ...>
    """
    numbers = as_floats(values)
    if not 0 < len(numbers) <= MOST_BARS:
        raise ArgumentError(f"draw.bars draws 1 to {MOST_BARS} numbers, got {len(numbers)}")
    names = [str(label) for label in labels] if labels is not None else [""] * len(numbers)
    if len(names) != len(numbers):
        raise ArgumentError(f"draw.bars: {len(names)} labels for {len(numbers)} numbers")
    finite = [number for number in numbers if math.isfinite(number)]
    low, high = min([*finite, 0.0]), max([*finite, 0.0])
    spread = (high - low) or 1.0
    widest = max(text_width(name, _LABEL_SIZE) for name in names) + 14
    room = max(_BAR_ROOM, widest, (_LEAST_WIDTH / len(numbers)) if len(numbers) < 6 else 0.0)
    top = _TOP + _HEADING * (bool(title) + bool(y_label))
    axes = Axes(
        Scale(0.0, float(len(numbers)), _LEFT, _LEFT + room * len(numbers)),
        Scale(low - (0.09 * spread if low < 0 else 0), high + 0.09 * spread, top + _HEIGHT, top),
    )
    drawn = frame(axes, title=title, y_label=y_label, x_numbers=False)
    written = _written(numbers)
    for i, (number, name) in enumerate(zip(numbers, names, strict=True)):
        drawn += _bar(axes, i, number, name, written[i], room)
    if low < 0:
        level = axes.y(0.0)
        drawn.append(line((axes.x.start, level), (axes.x.end, level), stroke=theme.EDGE))
    tail = 0.0
    if mean and finite:
        average = sum(finite) / len(finite)
        label = f"mean {average:.3f}"
        y = axes.y(average)
        ends = (axes.x.start, y), (axes.x.end, y)
        drawn.append(line(*ends, stroke=theme.ACCENT, stroke_width=1.6, dash="5 4"))
        place = (axes.x.end + 8, y + 4)
        drawn.append(text(place, label, size=12, fill=theme.ACCENT, bold=True))
        tail = text_width(label, 12, bold=True) + 8
    return Drawing(
        width=max(axes.x.end + tail, _LEFT + text_width(title, 14, bold=True)) + _RIGHT,
        height=top + _HEIGHT + _BOTTOM,
        elements=tuple(drawn),
        title=title or "bars",
        description=", ".join(
            f"{name} {compact(n)}".strip() for name, n in zip(names, numbers, strict=True)
        ),
    )


def surprise(word: str, values: Any, *, end: str = "end") -> Drawing:
    """Draw the surprise, -log p in nats, of each letter of `word`; a line marks the mean, the loss.

    `values` has one number a letter, and one more for the end of the word (its label is `end`) if
    the model also says how surprised it is that the word ends there.

    Errors: ArgumentError if the numbers do not fit the word.

    >>> surprise("ada", [1.9, 2.7, 1.2, 0.9])
    <Drawing: Surprise of “ada”, ...>
    """
    numbers = as_floats(values)
    labels = [*word] if len(numbers) == len(word) else [*word, end]
    if len(numbers) != len(labels):
        raise ArgumentError(
            f"draw.surprise: {word!r} has {len(word)} letters, so it takes {len(word)} numbers, or"
            f" {len(word) + 1} with the end; got {len(numbers)}"
        )
    title = f"Surprise of “{word}”"
    return bars(numbers, labels, mean=True, title=title, y_label="−log p of each letter, in nats")


def _written(numbers: Sequence[float]) -> list[str]:
    """The numbers as text, with the same decimals if they are not whole or very large."""
    finite = [number for number in numbers if math.isfinite(number)]
    plain = all(number == int(number) for number in finite) or max(map(abs, finite)) >= 1000
    return [compact(number) if plain else f"{number:.2f}" for number in numbers]


def _bar(axes: Axes, i: int, number: float, name: str, written: str, room: float) -> list[str]:
    center = axes.x(i + 0.5)
    label = text((center, axes.y.start + 22), name, size=_LABEL_SIZE, anchor="middle", bold=True)
    if not math.isfinite(number):
        gone = (center, axes.y(0.0) - 6)
        return [label, text(gone, str(number), size=11, fill=theme.MUTED, anchor="middle")]
    zero, tip = axes.y(0.0), axes.y(number)
    width = min(room * 0.66, 56.0)
    body = rectangle(
        center - width / 2,
        min(zero, tip),
        width,
        abs(zero - tip),
        fill=theme.BLUE if number >= 0 else theme.RED,
        radius=2 if abs(zero - tip) > 4 else 0,
    )
    base = tip - 6 if number >= 0 else tip + 14
    half = text_width(written, _NUMBER_SIZE) / 2
    ground = rectangle(center - half, base - 10, 2 * half, 12, fill=theme.PAPER)  # over grid lines
    value = text((center, base), written, size=_NUMBER_SIZE, anchor="middle")
    return [label, ground, body, value]
