"""`draw.activations`: each activation with its derivative, all on one scale."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .._tensor.creation import linspace
from ..autograd import enable_grad, grad
from ..core.dtypes import float64
from ..core.errors import ArgumentError
from ..nn import Module
from ..nn import functional as F
from .canvas import theme
from .canvas.drawing import Drawing
from .canvas.svg import Point, group, line, rectangle, text
from .canvas.text_width import shorten, text_width
from .plot.axes import TITLE_SIZE, Axes
from .plot.scale import Scale

Function = Callable[[Any], Any]

# Each with its formula in textbook notation.
GALLERY: dict[str, tuple[str, Function]] = {
    "sigmoid": ("1 / (1 + e⁻ˣ)", F.sigmoid),
    "tanh": ("(eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)", F.tanh),
    "softsign": ("x / (1 + |x|)", F.softsign),
    "hardsigmoid": ("x/6 + ½, between 0 and 1", F.hardsigmoid),
    "hardtanh": ("x, between −1 and 1", F.hardtanh),
    "relu": ("max(x, 0)", F.relu),
    "leaky_relu": ("max(x, 0.1 x)", lambda x: F.leaky_relu(x, 0.1)),
    "elu": ("eˣ − 1 on the left", F.elu),
    "celu": ("2 (e^(x/2) − 1) on the left", lambda x: F.celu(x, 2.0)),
    "selu": ("1.05 x, or 1.76 (eˣ − 1)", F.selu),
    "softplus": ("log(1 + eˣ)", F.softplus),
    "silu": ("x · sigmoid(x)", F.silu),
    "gelu": ("x · Φ(x)", F.gelu),
    "mish": ("x · tanh(softplus(x))", F.mish),
    "hardswish": ("x · hardsigmoid(x)", F.hardswish),
    "logsigmoid": ("−log(1 + e⁻ˣ)", F.logsigmoid),
    "tanhshrink": ("x − tanh(x)", F.tanhshrink),
    "softshrink": ("x moved ½ towards 0", F.softshrink),
    "hardshrink": ("x, or 0 for |x| ≤ ½", F.hardshrink),
    "threshold": ("x, or −1 for x ≤ 1", lambda x: F.threshold(x, 1.0, -1.0)),
}

_COLUMNS = 5
_UNIT = 22.0  # pixels per unit on both axes: a slope of 1 rises at 45 degrees
_LOW, _HIGH = -4.0, 4.0
_BOTTOM, _TOP = -2.0, 3.0
_GAP, _HEADER = 26.0, 40.0
_LEFT, _RIGHT, _FOOT = 40.0, 20.0, 34.0
_TITLE, _LEGEND = 34.0, 26.0
_POINTS = 1600  # even, so that no point falls on a corner at 0
_KEPT = 8  # every eighth point is drawn, about one per pixel
_JUMP = 0.1  # a larger difference between neighbours is a jump
_FUNCTION, _DERIVATIVE = theme.BLUE, theme.ORANGE
_THICK, _THIN = 3.4, 1.6


def activations(
    functions: Iterable[str] | Mapping[str, Function] | None = None,
    *,
    title: str = "Activations, and what each lets through of a gradient",
) -> Drawing:
    """Draw functions of one number and their derivatives, as the library computes them.

    `functions` are names from the gallery (default: all 20), or a dictionary of your own functions,
    each from a tensor to one of the same shape. All panels share one scale, equal on both axes. A
    derivative that jumps has a gap in its line.

    Errors: ArgumentError for an unknown name, or a function that changes the shape; TypeError for
    anything that is not a function.

    >>> activations(["relu", "gelu"])
    <Drawing: Activations, and what each lets through of a gradient, ...>
    >>> activations({"a bump": lambda x: (-x * x).exp()}, title="A bump")
    <Drawing: A bump, ...>
    """
    chosen = _chosen(functions)
    columns = min(_COLUMNS, len(chosen))
    width, height = _UNIT * (_HIGH - _LOW), _UNIT * (_TOP - _BOTTOM)
    top = _TITLE + _LEGEND
    rows = math.ceil(len(chosen) / columns)
    drawn = [text((_LEFT, _TITLE - 8), title, size=TITLE_SIZE, bold=True), *_legend()]
    for i, (name, (formula, f)) in enumerate(chosen.items()):
        row, column = divmod(i, columns)
        left = _LEFT + column * (width + _GAP)
        base = top + row * (height + _HEADER + _GAP) + _HEADER + height
        axes = Axes(
            Scale(_LOW, _HIGH, left, left + width), Scale(_BOTTOM, _TOP, base, base - height)
        )
        below = i + columns >= len(chosen)  # no panel under it
        drawn += _panel(axes, name, formula, f, numbers=(below, column == 0))
    wide = _LEFT + columns * (width + _GAP) - _GAP
    return Drawing(
        width=max(wide, _LEFT + text_width(title, TITLE_SIZE, bold=True), _legend_end()) + _RIGHT,
        height=top + rows * (height + _HEADER + _GAP) - _GAP + _FOOT,
        elements=tuple(drawn),
        title=title,
        description=f"The functions {', '.join(chosen)} and their derivatives from -4 to 4.",
    )


def _chosen(functions: Any) -> dict[str, tuple[str, Function]]:
    if isinstance(functions, Mapping):
        chosen = {str(name): ("", f) for name, f in functions.items()}
        for name, (_, f) in chosen.items():
            if not callable(f):
                kind = type(f).__name__
                raise TypeError(f"draw.activations: {name!r} must be a function, got {kind}")
    else:
        names = [functions] if isinstance(functions, str) else list(functions or GALLERY)
        unknown = [name for name in names if name not in GALLERY]
        if unknown:
            raise ArgumentError(
                f"draw.activations: no activation {unknown[0]!r}; there are {', '.join(GALLERY)}"
            )
        chosen = {name: GALLERY[name] for name in names}
    if not chosen:
        raise ArgumentError("draw.activations: there is no function to draw")
    return chosen


# -- one panel ---------------------------------------------------------------------------------


def _panel(
    axes: Axes, name: str, formula: str, f: Function, *, numbers: tuple[bool, bool]
) -> list[str]:
    left, top, room = axes.x.start, axes.y.end, axes.x.end - axes.x.start
    values, slopes = _sampled(name, f)
    curves = [  # thin line on top: both stay visible where they coincide, as left of a ReLU
        *axes.curve(values, stroke=_FUNCTION, stroke_width=_THICK),
        *axes.curve(slopes, stroke=_DERIVATIVE, stroke_width=_THIN),
    ]
    return [
        text((left, top - 24), shorten(name, 13, room, bold=True), size=13, bold=True),
        text((left, top - 9), formula, size=11, fill=theme.MUTED),
        *_grid(axes, *numbers),
        group(curves, title=f"{name}: {formula}" if formula else name),
    ]


def _sampled(name: str, f: Function) -> tuple[list[Point], list[Point]]:
    """Points of the function and of its derivative, with gaps at jumps."""
    weights = f.parameters() if isinstance(f, Module) else ()
    dtype = next((weight.dtype for weight in weights), float64)
    x = linspace(_LOW, _HIGH, _POINTS, dtype=dtype).requires_grad_()
    with enable_grad():
        y = f(x.clone())  # a copy, since f may overwrite it
        if getattr(y, "shape", None) != x.shape:
            raise ArgumentError(
                f"draw.activations: {name!r} must give a tensor of the shape it was given, "
                f"{x.shape}"
            )
        slope = grad(y.sum(), x, allow_unused=True)[0] if y.requires_grad else None
    places, heights = x.tolist(), y.tolist()
    slopes = [0.0] * len(places) if slope is None else slope.tolist()
    # The derivative rule of log gives numbers for negative x too, where log is undefined.
    slopes = [s if math.isfinite(h) else math.nan for s, h in zip(slopes, heights, strict=True)]
    return _with_gaps(places, heights), _with_gaps(places, slopes)


def _with_gaps(xs: list[float], ys: list[float]) -> list[Point]:
    jumps = {i for i in range(1, len(ys)) if abs(ys[i] - ys[i - 1]) > _JUMP}
    points: list[Point] = []
    for i, point in enumerate(zip(xs, ys, strict=True)):
        if i in jumps:
            points.append((point[0], math.nan))
        if i % _KEPT == 0 or i in jumps or i + 1 in jumps or i == len(xs) - 1:
            points.append(point)
    return points


def _grid(axes: Axes, below: bool, beside: bool) -> list[str]:
    """A frame, lines at whole numbers, both axes emphasised, and numbers where requested."""
    left, right, bottom, top = axes.x.start, axes.x.end, axes.y.start, axes.y.end
    drawn = [
        rectangle(left, top, right - left, bottom - top, stroke=theme.HAIRLINE, radius=3),
    ]
    for x in (-2, 2, 0):
        stroke = theme.HAIRLINE if x else theme.EDGE
        drawn.append(line((axes.x(x), bottom), (axes.x(x), top), stroke=stroke))
    for y in (-1, 1, 2, 0):
        stroke = theme.HAIRLINE if y else theme.EDGE
        drawn.append(line((left, axes.y(y)), (right, axes.y(y)), stroke=stroke))
    if below:
        drawn += [_number((axes.x(x), bottom + 16), x, "middle") for x in (-4, -2, 0, 2, 4)]
    if beside:
        drawn += [_number((left - 7, axes.y(y) + 4), y, "end") for y in (-2, -1, 0, 1, 2, 3)]
    return drawn


def _number(place: Point, value: int, anchor: str) -> str:
    shown = str(value).replace("-", "−")
    return text(place, shown, size=11, fill=theme.MUTED, anchor=anchor)


# -- the legend --------------------------------------------------------------------------------

_NAMES = (("the function f(x)", _FUNCTION, _THICK), ("its derivative f′(x)", _DERIVATIVE, _THIN))


def _legend() -> list[str]:
    drawn, left, base = [], _LEFT, _TITLE + 13
    for name, colour, width in _NAMES:
        drawn.append(
            line((left, base - 4), (left + 22, base - 4), stroke=colour, stroke_width=width)
        )
        drawn.append(text((left + 29, base), name, size=12, fill=colour, bold=True))
        left += _legend_width(name)
    return drawn


def _legend_width(name: str) -> float:
    return 29 + text_width(name, 12, bold=True) + 22


def _legend_end() -> float:
    return _LEFT + sum(_legend_width(name) for name, _, _ in _NAMES) - 22
