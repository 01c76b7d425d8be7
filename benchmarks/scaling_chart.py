"""The picture of `scaling`: a panel for each axis, time above and memory below.

Both axes are logarithmic. A grey line shows time proportional to the arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradatim.draw import Drawing
from gradatim.draw.canvas import theme
from gradatim.draw.canvas.svg import circle, line, text
from gradatim.draw.plot.axes import Axes, frame
from gradatim.draw.plot.scale import Scale, limits

from .peers import SIDES
from .workloads.gpt import Sizes

PANEL, HEIGHT, GAP, LEFT = 190.0, 170.0, 50.0, 66.0
TOP, BETWEEN, BOTTOM = 104.0, 74.0, 64.0
OURS = "gradatim-repeat"
COLOURS = {OURS: theme.BLUE, "torch": theme.ORANGE}
UNITS = {"microseconds": ("ms a step", 1e-3), "memory": ("MB of memory", 1e-6)}
TITLE = "A GPT's training step as one size grows"


def chart(report: Mapping[str, Any]) -> Drawing:
    """Two rows of panels with shared axes."""
    axes_of: dict[str, list[Any]] = {}
    for point in report["found"]:
        axes_of.setdefault(point["axis"], []).append(point)
    width = LEFT + len(axes_of) * (PANEL + GAP)
    elements = [text((LEFT - 8, 32), TITLE, size=15, bold=True), *_legend(report)]
    for line_number, what in enumerate(UNITS):
        reach = limits((v for p in report["found"] for v in _values(p, what)), log=True)
        top = TOP + line_number * (HEIGHT + BETWEEN)
        for column, (axis, points) in enumerate(axes_of.items()):
            left = LEFT + column * (PANEL + GAP)
            elements += _panel(axis, points, what, reach, (left, top), report["base"])
    return Drawing(
        width=width,
        height=TOP + 2 * HEIGHT + BETWEEN + BOTTOM,
        elements=tuple(elements),
        title=TITLE,
        description="Time and memory of a training step of Gradatim and PyTorch against batch,"
        " width, layers and context, each over a decade, on logarithmic axes.",
    )


def _values(point: Mapping[str, Any], what: str) -> list[float]:
    return [side[what] * UNITS[what][1] for side in point["sides"].values() if what in side]


def _legend(report: Mapping[str, Any]) -> list[str]:
    drawn, x = [], LEFT - 8
    for name, colour in COLOURS.items():
        label = f"{SIDES[name].label}{', eager' if name == 'torch' else ''}"
        drawn.append(line((x, 52), (x + 22, 52), stroke=colour, stroke_width=2.5))
        drawn.append(text((x + 28, 56), label, size=12))
        x += 170
    threads = report["threads"]
    base = report["base"]
    note = (
        f"else {base['layers']} layers, width {base['width']}, context {base['context']},"
        f" batch {base['batch']}; {threads} thread{'s' if threads > 1 else ''};"
        " grey: as the arithmetic grows"
    )
    return [*drawn, text((x, 56), note, size=11, fill=theme.MUTED)]


def _panel(
    axis: str,
    found: Sequence[Mapping[str, Any]],
    what: str,
    reach: tuple[float, float],
    corner: tuple[float, float],
    base: Mapping[str, int],
) -> list[str]:
    left, top = corner
    sizes = [point["size"] for point in found]
    low, high = limits([float(size) for size in sizes], log=True)
    axes = Axes(
        Scale(low, high, left, left + PANEL, log=True),
        Scale(*reach, top + HEIGHT, top, log=True),
    )
    unit, factor = UNITS[what]
    drawn = frame(axes, y_label=unit, x_label=axis, x_numbers=False)
    for size in sizes:
        x = axes.x(size)
        drawn.append(line((x, top + HEIGHT), (x, top + HEIGHT + 4), stroke=theme.EDGE))
        drawn.append(text((x, top + HEIGHT + 17), str(size), size=11, fill=theme.MUTED,
                          anchor="middle"))  # fmt: skip
    if what == "microseconds":
        drawn += axes.curve(_as_the_work(axis, found, base), stroke=theme.EDGE, stroke_width=1.2)
    for name, colour in COLOURS.items():
        points = [
            (float(point["size"]), point["sides"][name][what] * factor)
            for point in found
            if what in point["sides"].get(name, {})
        ]
        if not points:
            continue
        drawn += axes.curve(points, stroke=colour)
        drawn += [circle(axes.place(point), 3.0, fill=colour) for point in points]
    return drawn


def _as_the_work(
    axis: str, found: Sequence[Mapping[str, Any]], base: Mapping[str, int]
) -> list[tuple[float, float]]:
    """Times proportional to the arithmetic, through our last one."""
    timed = [p for p in found if "microseconds" in p["sides"].get(OURS, {})]
    if not timed:
        return []
    work = {p["size"]: Sizes(**{**base, axis: p["size"]}).operations for p in timed}
    last = timed[-1]
    share = last["sides"][OURS]["microseconds"] / 1000 / work[last["size"]]
    return [(float(size), operations * share) for size, operations in work.items()]
