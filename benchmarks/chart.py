"""The picture in the README: training steps per second of each side.

    python -m benchmarks.chart benchmarks/results/<date>-<machine>.json docs/pictures/benchmarks.svg

Every side is shown at its best number of threads. The axis is logarithmic, with the same scale in
all panels.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gradatim.draw import Drawing
from gradatim.draw.canvas import theme
from gradatim.draw.canvas.svg import line, rectangle, text
from gradatim.draw.canvas.text_width import text_width
from gradatim.draw.plot.scale import Scale

from .peers import SIDES

PANELS = {
    "scalar": "scalar: the slides' network of 41 parameters",
    "bigram": "bigram: a 27 x 27 table, 215,000 pairs a step",
    "mlp": "mlp: Bengio's network, batch 32",
    "gpt-names": "gpt-names: a GPT, 64 wide, 16 letters, batch 32",
    "gpt-text": "gpt-text: a GPT, 128 wide, 64 letters, batch 12",
}
WIDTH, LEFT, RIGHT = 860.0, 190.0, 170.0
TOP, HEADING, ROW, BAR, GAP, BOTTOM = 66.0, 30.0, 21.0, 14.0, 14.0, 52.0
NOTE = 11.5


def best_times(report: Mapping[str, Any], workload: str) -> dict[str, tuple[float, str]]:
    """Microseconds of each side at its best number of threads, and that number."""
    best: dict[str, tuple[float, str]] = {}
    for threads, row in report["workloads"][workload]["threads"].items():
        for name, timing in row["sides"].items():
            candidate = (timing["microseconds"], threads)
            best[name] = min(best.get(name, candidate), candidate)
    return {name: best[name] for name in SIDES if name in best}


def chart(report: Mapping[str, Any]) -> Drawing:
    """A panel for each measured training, a bar for each side."""
    panels = {
        name: best_times(report, name)
        for name in PANELS
        if report["workloads"].get(name, {}).get("threads")
    }
    if not panels:
        raise ValueError("there is nothing to draw: no training was measured")
    rates = [1e6 / time for panel in panels.values() for time, _ in panel.values()]
    axis = Scale(
        10.0 ** math.floor(math.log10(min(rates)) - 0.05),
        10.0 ** math.ceil(math.log10(max(rates))),
        LEFT,
        WIDTH - RIGHT,
        log=True,
    )
    rows = sum(len(panel) for panel in panels.values())
    bottom = TOP + len(panels) * (HEADING + GAP) + rows * ROW
    elements = [*title(report), *grid(axis, TOP, bottom)]
    top = TOP
    for name, panel in panels.items():
        elements += drawn_panel(PANELS[name], panel, axis, top)
        top += HEADING + len(panel) * ROW + GAP
    return Drawing(
        WIDTH,
        bottom + BOTTOM,
        tuple(elements),
        title="Training steps per second",
        description="; ".join(
            f"{name}: " + ", ".join(f"{SIDES[s].label} {spoken(t)}" for s, (t, _) in panel.items())
            for name, panel in panels.items()
        ),
    )


def title(report: Mapping[str, Any]) -> list[str]:
    machine = report["machine"]
    where = f"{machine['cpu']}, {machine['cores']} cores, {report['date'][:10]}"
    how = "The fastest of many alternating windows, each side at its best number of threads"
    return [
        text((16, 26), "Training steps per second", size=16, bold=True),
        text((16, 45), f"{where}. {how}.", size=11, fill=theme.MUTED),
    ]


def grid(axis: Scale, top: float, bottom: float) -> list[str]:
    """A hairline at each power of ten, with the number of steps below it."""
    drawn = []
    for power in range(round(math.log10(axis.low)), round(math.log10(axis.high)) + 1):
        x = axis(10.0**power)
        drawn.append(line((x, top), (x, bottom), stroke=theme.HAIRLINE))
        label = f"{10**power:,}" if power >= 0 else f"{10.0**power:g}"
        drawn.append(text((x, bottom + 17), label, size=11, fill=theme.MUTED, anchor="middle"))
    side = text(
        (axis.end, bottom + 36),
        "steps per second; each line is ten times the one before",
        size=11,
        fill=theme.MUTED,
        anchor="end",
    )
    return [*drawn, side]


def drawn_panel(
    heading: str, panel: Mapping[str, tuple[float, str]], axis: Scale, top: float
) -> list[str]:
    """A heading, and a bar for each side: ours in colour, peers in grey."""
    drawn = [
        rectangle(16, top + 2, WIDTH - 32, 20, fill=theme.PAPER),
        text((16, top + 17), heading, size=13, bold=True),
    ]
    peers = [time for name, (time, _) in panel.items() if not SIDES[name].ours]
    for i, (name, (time, _)) in enumerate(panel.items()):
        y = top + HEADING + i * ROW
        ours = SIDES[name].ours
        end = axis(1e6 / time)
        note = spoken(time)
        if ours and peers and time < min(peers):
            note += f", {factor(min(peers) / time)} the best peer"
        colour = theme.BLUE if ours else theme.EDGE
        drawn += [
            text((LEFT - 10, y + 11), SIDES[name].label, size=12, anchor="end", bold=ours),
            rectangle(LEFT, y, end - LEFT, BAR, fill=colour, radius=2),
            # Hides the grid line behind the words.
            rectangle(end + 5, y, text_width(note, NOTE) + 6, BAR, fill=theme.PAPER),
            text((end + 8, y + 11), note, size=NOTE, fill=theme.INK if ours else theme.MUTED),
        ]
    return drawn


def factor(ratio: float) -> str:
    """`ratio` with two digits.

    >>> factor(8.46), factor(31.6)
    ('8.5x', '32x')
    """
    return f"{ratio:.1f}x" if ratio < 10 else f"{ratio:,.0f}x"


def spoken(microseconds: float) -> str:
    """A time with its unit.

    >>> spoken(0.0934), spoken(66.3), spoken(16_400)
    ('93 ns', '66 µs', '16 ms')
    """
    for unit, size in (("s", 1e6), ("ms", 1e3), ("µs", 1.0)):
        if microseconds >= size:
            number = microseconds / size
            return f"{number:.1f} {unit}" if number < 10 else f"{number:.0f} {unit}"
    return f"{microseconds * 1e3:.0f} ns"


def main(source: str, target: str) -> None:
    chart(json.loads(Path(source).read_text(encoding="utf-8"))).save(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
