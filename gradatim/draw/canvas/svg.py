"""The few SVG elements used in pictures, as strings.

No element has an `id`, so that many drawings can share a page without conflicts.
"""

import math
import re
from collections.abc import Iterable, Sequence

from .theme import INK, MONO

Point = tuple[float, float]

# XML 1.0 does not allow these characters, escaped or not.
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def escape(text: str) -> str:
    """Text escaped for use inside an element or an attribute.

    >>> escape('a < b & "c"')
    'a &lt; b &amp; &quot;c&quot;'
    """
    legal = _ILLEGAL.sub("\ufffd", text).replace("&", "&amp;")
    return legal.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def number(value: float) -> str:
    """A coordinate with at most one decimal: finer than a screen, shorter than a float.

    >>> number(3.14159), number(2.0), number(-0.001)
    ('3.1', '2', '0')
    """
    if not math.isfinite(value):
        raise ValueError(f"a coordinate became {value}: leave points that are not finite out")
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")


def rectangle(
    x: float,
    y: float,
    width: float,
    height: float,
    *,
    fill: str = "none",
    stroke: str = "none",
    stroke_width: float = 1.0,
    radius: float = 0.0,
    dash: str = "",
) -> str:
    """A rectangle, its corners rounded by `radius`."""
    corner = f' rx="{number(radius)}"' if radius else ""
    return (
        f'<rect x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
        f'{corner} fill="{fill}"{_stroke(stroke, stroke_width, dash)}/>'
    )


def circle(
    center: Point,
    radius: float,
    *,
    fill: str = "none",
    stroke: str = "none",
    stroke_width: float = 1.0,
) -> str:
    """A circle around `center`."""
    x, y = center
    return (
        f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}" fill="{fill}"'
        f"{_stroke(stroke, stroke_width, '')}/>"
    )


def path(
    commands: str,
    *,
    fill: str = "none",
    stroke: str = "none",
    stroke_width: float = 1.0,
    dash: str = "",
    opacity: float = 1.0,
) -> str:
    """A path from SVG path commands; overlapping parts of a filled one alternate (even-odd)."""
    faded = f' opacity="{opacity:g}"' if opacity < 1 else ""
    rule = ' fill-rule="evenodd"' if fill != "none" else ""
    joins = ' stroke-linejoin="round" stroke-linecap="round"' if stroke != "none" else ""
    return (
        f'<path d="{commands}" fill="{fill}"{rule}{_stroke(stroke, stroke_width, dash)}'
        f"{joins}{faded}/>"
    )


def line(
    start: Point, end: Point, *, stroke: str, stroke_width: float = 1.0, dash: str = ""
) -> str:
    """A straight line."""
    return path(through((start, end)), stroke=stroke, stroke_width=stroke_width, dash=dash)


def text(
    position: Point,
    content: str,
    *,
    size: float = 12.0,
    fill: str = INK,
    anchor: str = "start",
    mono: bool = False,
    bold: bool = False,
    italic: bool = False,
) -> str:
    """One line of text; `position` is on its base line, `anchor` is start, middle or end."""
    x, y = position
    family = f' font-family="{MONO}"' if mono else ""  # the picture's default is sans-serif
    side = f' text-anchor="{anchor}"' if anchor != "start" else ""
    weight = ' font-weight="600"' if bold else ""
    slant = ' font-style="italic"' if italic else ""
    keep = ' xml:space="preserve"' if "  " in content else ""
    return (
        f'<text x="{number(x)}" y="{number(y)}" font-size="{size:g}" fill="{fill}"'
        f"{family}{side}{weight}{slant}{keep}>{escape(content)}</text>"
    )


def group(children: Iterable[str], *, title: str = "", shift: Point = (0.0, 0.0)) -> str:
    """Elements grouped together; `title` is the tooltip."""
    moved = f' transform="translate({number(shift[0])} {number(shift[1])})"' if any(shift) else ""
    named = f"<title>{escape(title)}</title>" if title else ""
    return f"<g{moved}>{named}{''.join(children)}</g>"


def through(points: Sequence[Point], *, closed: bool = False) -> str:
    """Path commands for straight lines through `points`."""
    commands = " ".join(
        f"{'L' if i else 'M'}{number(x)} {number(y)}" for i, (x, y) in enumerate(points)
    )
    return commands + "Z" if closed else commands


def _stroke(colour: str, width: float, dash: str) -> str:
    if colour == "none":
        return ""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f' stroke="{colour}" stroke-width="{width:g}"{dashed}'
