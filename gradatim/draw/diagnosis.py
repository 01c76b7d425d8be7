"""`draw.diagnosis`: the report of an examination, a row for each layer."""

import math
from collections.abc import Sequence

from ..core.errors import ArgumentError
from ..diagnose import Report, Signal, Weight
from .canvas import theme
from .canvas.drawing import Drawing
from .canvas.significant import compact
from .canvas.svg import circle, group, line, path, rectangle, text, through
from .canvas.text_width import shorten, text_width
from .plot.axes import TICK_SIZE, TITLE_SIZE
from .plot.ridges import OVERLAP, Ridge, foot, heading, ridge, spread
from .plot.scale import Scale

_MARGIN, _GAP = 20.0, 28.0
_WIDTHS = (216.0, 250.0, 250.0, 130.0, 150.0)  # names, values, gradients, norms, the last column
_TALLEST, _LEAST = 30.0, 10.0
_BLOCK = 620.0  # the height of a block of rows at which rows start to shrink
_HEAD, _FOOT = 42.0, 30.0
_NAME_SIZE, _FINDING_SIZE = 11.5, 12.0
MOST_ROWS = 120

Row = Signal | Weight


def diagnosis(report: Report, *, title: str = "") -> Drawing:
    """Draw a report of `diagnose.examine`: the signals in order, then the weights.

    A row has the histogram of the values, that of the gradient's magnitudes on a logarithmic scale
    (with square-root heights, so that tails are visible), and the gradient's norm; for an
    activation the fraction that is flat and the dead units, for a weight the gradient's size
    relative to the weight's. With more than 120 signals only activations are drawn.

    Errors: ArgumentError for an empty report, or for still more layers.

    >>> import gradatim
    >>> from gradatim import diagnose, nn
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.Tanh())
    >>> diagnosis(diagnose.examine(model, gradatim.ones(4, 2), loss=lambda y: y.sum()))
    <Drawing: Signals and gradients, layer by layer, ...>
    """
    signals = report.signals if len(report.signals) <= MOST_ROWS else report.activations
    weights = [weight for weight in report.weights if weight.values.ndim > 1]
    if not (signals or weights) or max(len(signals), len(weights)) > MOST_ROWS:
        raise ArgumentError(
            f"draw.diagnosis draws 1 to {MOST_ROWS} layers, the report has {len(signals)} and "
            f"{len(weights)} weights; examine a part of the model"
        )
    drawn = [text((_MARGIN, _MARGIN + 12), title, size=TITLE_SIZE, bold=True)] if title else []
    bottom = _MARGIN + (28.0 if title else 0.0)
    if signals:
        above, bottom = _signals(signals, bottom)
        drawn += above
    if weights:
        below, bottom = _weights(weights, bottom + 16 if signals else bottom)
        drawn += below
    findings, bottom = _findings(report, bottom)
    return Drawing(
        width=_left(4) + _WIDTHS[4] + _MARGIN,
        height=bottom + _MARGIN,
        elements=(*drawn, *findings),
        title=title or "Signals and gradients, layer by layer",
        description=" ".join(report.findings()),
    )


def _signals(signals: Sequence[Signal], top: float) -> tuple[list[str], float]:
    step, rows = _row_height(signals), _HEAD
    drawn = _headings(top, ("signal", "% flat; dead units in red"))
    bars = [_bars(signal, top + rows + step * (i + 1), step) for i, signal in enumerate(signals)]
    common, bottom = _block(signals, top + rows, step)
    if any(bars):
        percent = Scale(0.0, 100.0, _left(4), _left(4) + _WIDTHS[4])
        drawn += foot(percent, top + rows + step * len(signals) + 4)
    return [*drawn, *common, *(bar for bar in bars if bar)], bottom


def _weights(weights: Sequence[Weight], top: float) -> tuple[list[str], float]:
    step, rows = _row_height(weights), _HEAD
    drawn = _headings(top, ("weight", "gradient to data"))
    common, bottom = _block(weights, top + rows, step)
    ratios = [weight.gradient_to_data for weight in weights]
    return [*drawn, *common, *_dots(weights, ratios, 4, top + rows, step, theme.PURPLE)], bottom


def _row_height(rows: Sequence[Row]) -> float:
    return min(_TALLEST, max(_LEAST, _BLOCK / len(rows)))


def _left(column: int) -> float:
    return _MARGIN + sum(_WIDTHS[:column]) + _GAP * max(column - 1, 0)


def _scale(column: int, rows: Sequence[object], *, log: bool = False) -> Scale:
    return spread(rows, _left(column), _left(column) + _WIDTHS[column], log=log)


def _headings(top: float, ends: tuple[str, str]) -> list[str]:
    words = (ends[0], "values", "size of the gradient", "gradient norm", ends[1])
    return [heading(_left(i), top + 12, word) for i, word in enumerate(words)]


def _block(rows: Sequence[Row], top: float, step: float) -> tuple[list[str], float]:
    """The columns that signals and weights share, with the scales below; and its lower end."""
    values = _scale(1, [row.values for row in rows])
    sizes = _scale(2, [row.gradient for row in rows if row.gradient is not None], log=True)
    drawn: list[str] = []
    every = -(-11 // int(step))  # rows lower than a line of text cannot all have a name
    for i, row in enumerate(rows):
        y = top + step * (i + 1)
        drawn += _names(row, y) if i % every == 0 else []
        tip = f"{row.name}: standard deviation {compact(row.std)}"
        drawn.append(ridge(Ridge(row.values, theme.BLUE, tip), values, y, step * OVERLAP))
        tip = f"{row.name}: norm of the gradient {compact(row.gradient_norm)}"
        gradient = () if row.gradient is None else row.gradient
        drawn.append(ridge(Ridge(gradient, theme.ORANGE, tip), sizes, y, step * OVERLAP, log=True))
    bottom = top + step * len(rows) + 4
    norms = _dots(rows, [row.gradient_norm for row in rows], 3, top, step, theme.ORANGE)
    return [*drawn, *norms, *foot(values, bottom), *foot(sizes, bottom, log=True)], bottom + _FOOT


def _names(row: Row, y: float) -> list[str]:
    kind = row.kind if isinstance(row, Signal) else " x ".join(map(str, row.values.shape))
    room = _WIDTHS[0] - 12 - text_width(kind, TICK_SIZE)
    return [
        text((_left(0), y), shorten(row.name, _NAME_SIZE, room), size=_NAME_SIZE),
        text((_left(1) - 10, y), kind, size=TICK_SIZE, fill=theme.MUTED, anchor="end"),
    ]


def _dots(
    rows: Sequence[Row],
    numbers: Sequence[float],
    column: int,
    top: float,
    step: float,
    colour: str,
) -> list[str]:
    """A number for each row on a logarithmic scale, joined by a line; zeros are left out."""
    scale = _scale(column, [numbers], log=True)
    level = [top + step * (i + 1) for i in range(len(rows))]
    drawn = [line((scale.start, y), (scale.end, y), stroke=theme.HAIRLINE) for y in level]
    shown = [
        (row.name, number, (scale(math.log10(number)), y))
        for row, number, y in zip(rows, numbers, level, strict=True)
        if number > 0 and math.isfinite(number)
    ]
    drawn.append(path(through([place for _, _, place in shown]), stroke=colour, opacity=0.5))
    drawn += [
        group([circle(place, 3.2, fill=colour)], title=f"{name}: {compact(number)}")
        for name, number, place in shown
    ]
    return [*drawn, *foot(scale, top + step * len(rows) + 4, log=True)]


def _bars(signal: Signal, y: float, step: float) -> str:
    """The fraction of an activation that is flat, and over it the dead units, from 0 to 100 %."""
    if signal.saturated is None or signal.dead is None:
        return ""
    left, full, thick = _left(4), _WIDTHS[4], min(12.0, step * 0.7)
    flat, dead = signal.saturated, signal.dead / signal.units
    bars = [
        rectangle(left, y - thick, full * part, thick, fill=fill)
        for part, fill in ((1.0, theme.INPUT), (flat, theme.INPUT_LINE), (dead, theme.RED))
        if part
    ]
    tip = f"{signal.name}: {signal.saturated:.1%} flat, {signal.dead} of {signal.units} units dead"
    return group(bars, title=tip)


def _findings(report: Report, bottom: float) -> tuple[list[str], float]:
    """The sentences, wrapped to the width of the picture, and their lower end."""
    findings = report.findings()
    colour, room = (theme.RED if findings else theme.MUTED), _left(4) + _WIDTHS[4] - _MARGIN
    lines = [words for finding in findings for words in _wrapped(finding, room)]
    drawn = []
    for words in lines or ["nothing looks ill"]:
        bottom += 18
        drawn.append(text((_MARGIN, bottom), words, size=_FINDING_SIZE, fill=colour))
    return drawn, bottom


def _wrapped(sentence: str, room: float) -> list[str]:
    lines = [""]
    for word in sentence.split():
        longer = f"{lines[-1]} {word}".strip()
        if text_width(longer, _FINDING_SIZE) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
