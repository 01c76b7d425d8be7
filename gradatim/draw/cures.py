"""`draw.cures`: a network that does not train, and its cures, a column each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

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
    norms = _range([_norms(stage) for stage in given], log=True)
    losses = _range([_smooth(stage.losses) for stage in given])
    tops = [_TOP + _RIDGES + _SPACE + i * (_CURVE + _SPACE) for i in range(4)]
    drawn = [
        text((_LEFT - 8, 28), title, size=TITLE_SIZE + 2, bold=True),
        text((_LEFT - 8, 46), _subtitle(given), size=LABEL_SIZE, fill=theme.MUTED),
    ]
    for i, stage in enumerate(given):
        left, first = _LEFT + i * (_WIDTH + _GAP), i == 0
        drawn.append(text((left - 8, _TOP - 26), stage.name, size=TITLE_SIZE, bold=True))
        drawn += _activations(stage, left, first=first)
        depth = [(float(n + 1), norm) for n, norm in enumerate(_norms(stage))]
        label = "norm of the gradient, by layer" if first else ""
        drawn += _panel(depth, norms, left, tops[0], label, log=True, colour=theme.ORANGE)
        places = np.linspace(0.0, 1.0, len(stage.derivative))
        size = float(np.abs(stage.derivative).max()) or 1.0
        wave = list(zip(places.tolist(), (stage.derivative / size).tolist(), strict=True))
        label = "derivative from one input to another, scaled to 1" if first else ""
        drawn += _panel(wave, (-1.08, 1.08), left, tops[1], label, colour=theme.PURPLE, thin=True)
        lags = [(float(k), float(r)) for k, r in enumerate(stage.autocorrelation)]
        label = "its autocorrelation, by lag" if first else ""
        drawn += _panel(lags, (-0.35, 1.05), left, tops[2], label, colour=theme.PURPLE)
        label = "loss, by step" if first else ""
        curve = [(float(n), loss) for n, loss in enumerate(_smooth(stage.losses))]
        drawn += _panel(thinned(curve), losses, left, tops[3], label, colour=theme.BLUE)
    return Drawing(
        width=_LEFT + len(given) * (_WIDTH + _GAP) - _GAP + _RIGHT,
        height=tops[3] + _CURVE + _BOTTOM,
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


def _panel(
    points: Sequence[Point],
    y_range: tuple[float, float],
    left: float,
    top: float,
    label: str,
    *,
    colour: str,
    log: bool = False,
    thin: bool = False,
) -> list[str]:
    """One curve in a frame, on a scale shared by all stages."""
    if not points:
        return []
    x_range = limits((x for x, _ in points), margin=0.0)
    axes = Axes(
        Scale(*x_range, left, left + _WIDTH),
        Scale(*y_range, top + _CURVE, top, log),
    )
    drawn = frame(axes, y_label=label)
    return [*drawn, *axes.curve(points, stroke=colour, stroke_width=1.2 if thin else 2.0)]


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
