"""`draw.cures`: a network that does not train, and its cures, a column each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..core.errors import ArgumentError
from ..diagnose import Stage
from .canvas import theme
from .canvas.drawing import Drawing
from .canvas.svg import Point, text
from .loss_curves import thinned
from .plot.axes import LABEL_SIZE, TITLE_SIZE, Axes, frame
from .plot.ridges import Ridge, foot, ridge, spread
from .plot.scale import Scale, limits

_LEFT, _TOP, _RIGHT, _BOTTOM = 70.0, 112.0, 24.0, 30.0
_WIDTH, _GAP = 250.0, 58.0
_RIDGES, _CURVE, _SPACE = 260.0, 140.0, 64.0
_MOST = 6


def cures(stages: Iterable[Stage], *, title: str = "A deep network and its cures") -> Drawing:
    """Draw the stages of `diagnose.cures`, one column each with five pictures.

    The activations before training, a ridge per layer with the first on top; the gradient norm by
    depth; the derivative along a line of inputs and its autocorrelation, where a shattered gradient
    is noise; and the loss of each training step.

    Errors: ArgumentError for no stages or more than six.
    """
    given = list(stages)
    if not 0 < len(given) <= _MOST:
        raise ArgumentError(f"draw.cures draws 1 to {_MOST} stages, got {len(given)}")
    panels = _panels(given)
    tops = [_TOP + _RIDGES + _SPACE + i * (_CURVE + _SPACE) for i in range(len(panels))]
    drawn = [
        text((_LEFT - 8, 28), title, size=TITLE_SIZE + 2, bold=True),
        text((_LEFT - 8, 46), _subtitle(given), size=LABEL_SIZE, fill=theme.MUTED),
    ]
    for i, stage in enumerate(given):
        left, first = _LEFT + i * (_WIDTH + _GAP), i == 0
        drawn.append(text((left - 8, _TOP - 26), stage.name, size=TITLE_SIZE, bold=True))
        drawn += _activations(stage, left, first=first)
        for panel, top in zip(panels, tops, strict=True):
            drawn += _curve(panel, stage, left, top, first=first)
    return Drawing(
        width=_LEFT + len(given) * (_WIDTH + _GAP) - _GAP + _RIGHT,
        height=tops[-1] + _CURVE + _BOTTOM,
        elements=tuple(drawn),
        title=title,
        description="; ".join(_summary(stage) for stage in given),
    )


def _subtitle(stages: Sequence[Stage]) -> str:
    first = stages[0].report.activations
    layers = f"{len(first)} layers" if len(first) != 1 else "One layer"
    more = ". Each column adds a cure to those before it" if len(stages) > 1 else ""
    return f"{layers} of {first[0].units} ReLUs, trained on handwritten digits{more}."


def _activations(stage: Stage, left: float, *, first: bool) -> list[str]:
    """A ridge for each layer, without the zeros of ReLU, on the stage's own scale."""
    rows = [signal.values[signal.values != 0] for signal in stage.report.activations]
    scale = spread(rows, left, left + _WIDTH)
    step = _RIDGES / (len(rows) + 1)
    drawn = []
    if first:
        words = "activations that are not 0, first layer on top"
        drawn.append(text((left - 8, _TOP - 6), words, size=LABEL_SIZE, fill=theme.MUTED))
    for i, (signal, row) in enumerate(zip(stage.report.activations, rows, strict=True)):
        base = _TOP + step * (i + 2)
        shade = theme.ramp(theme.SEQUENTIAL, 0.45 + 0.5 * i / max(len(rows) - 1, 1))
        drawn.append(ridge(Ridge(row, shade, signal.name), scale, base, step * 2.6))
    return [*drawn, *foot(scale, _TOP + _RIDGES + step)]


@dataclass(frozen=True)
class _Panel:
    """A curve that each stage has; they share the scale of y."""

    label: str
    colour: str
    y_range: tuple[float, float]
    points: Callable[[Stage], Sequence[Point]]
    log: bool = False
    width: float = 2.0


def _panels(stages: Sequence[Stage]) -> list[_Panel]:
    norms = _range([_norms(stage) for stage in stages], log=True)
    losses = _range([_smooth(stage.losses) for stage in stages])
    return [
        _Panel(
            "norm of the gradient, by layer",
            theme.ORANGE,
            norms,
            lambda stage: _counted(_norms(stage), start=1),
            log=True,
        ),
        _Panel(
            "derivative from one input to another, scaled to 1",
            theme.PURPLE,
            (-1.08, 1.08),
            _wave,
            width=1.2,
        ),
        _Panel(
            "its autocorrelation, by lag",
            theme.PURPLE,
            (-0.35, 1.05),
            lambda stage: _counted(stage.autocorrelation),
        ),
        _Panel(
            "loss, by step",
            theme.BLUE,
            losses,
            lambda stage: thinned(_counted(_smooth(stage.losses))),
        ),
    ]


def _curve(panel: _Panel, stage: Stage, left: float, top: float, *, first: bool) -> list[str]:
    """A stage's curve in a frame, which only in the first column has a label."""
    points = panel.points(stage)
    if not points:
        return []
    x_range = limits((x for x, _ in points), margin=0.0)
    axes = Axes(
        Scale(*x_range, left, left + _WIDTH),
        Scale(*panel.y_range, top + _CURVE, top, panel.log),
    )
    drawn = frame(axes, y_label=panel.label if first else "")
    return [*drawn, *axes.curve(points, stroke=panel.colour, stroke_width=panel.width)]


def _counted(values: Iterable[float], start: int = 0) -> list[Point]:
    return [(float(n), float(y)) for n, y in enumerate(values, start)]


def _wave(stage: Stage) -> list[Point]:
    """The derivative along the line of inputs, between -1 and 1."""
    places = np.linspace(0.0, 1.0, len(stage.derivative))
    size = float(np.abs(stage.derivative).max()) or 1.0
    return list(zip(places.tolist(), (stage.derivative / size).tolist(), strict=True))


def _norms(stage: Stage) -> list[float]:
    return [signal.gradient_norm for signal in stage.report.activations]


def _range(curves: Sequence[Sequence[float]], *, log: bool = False) -> tuple[float, float]:
    numbers = [y for curve in curves for y in curve]
    if not any(math.isfinite(y) and (y > 0 or not log) for y in numbers):
        return (0.1, 1.0)
    return limits(numbers, log=log)


def _smooth(losses: Sequence[float] | np.ndarray) -> list[float]:
    """A running mean over ten steps, since losses of single batches are noisy."""
    values = np.asarray(losses, np.float64)
    return [float(values[max(0, i - 9) : i + 1].mean()) for i in range(len(values))]


def _summary(stage: Stage) -> str:
    first, last = _norms(stage)[0], _norms(stage)[-1]
    return (
        f"{stage.name}: gradient norm {first:.1e} at the first and {last:.1e} at the last layer, "
        f"loss {stage.last_loss():.3f} in the end"
    )
