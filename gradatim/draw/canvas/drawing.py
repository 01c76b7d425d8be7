"""A finished picture: notebooks display it, `save` writes it."""

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...core.errors import ArgumentError
from .saving import save_bytes, save_png
from .svg import escape, group, number, rectangle, text
from .text_width import text_width
from .theme import INK, PAPER, SANS, style_sheet

# A wider picture scrolls in the notebook, since shrunk to the page it would be unreadable.
_PAGE_WIDTH = 1200.0
_TITLE_SIZE, _TITLED, _MARGIN = 16.0, 44.0, 20.0


@dataclass(frozen=True)
class Drawing:
    """A picture in SVG: the last line of a notebook cell displays it, `save("x.svg")` writes it.

    `title` and `description` are read aloud by screen readers.

    >>> Drawing(width=40, height=20, elements=(), title="nothing").svg[:4]
    '<svg'
    """

    width: float
    height: float
    elements: tuple[str, ...]
    title: str
    description: str = ""

    @property
    def svg(self) -> str:
        """The picture as self-contained text: no script, no font, no network."""
        fits = " fits" if self.width <= _PAGE_WIDTH else ""
        width, height = number(self.width), number(self.height)
        described = f"<desc>{escape(self.description)}</desc>" if self.description else ""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="gradatim{fits}" role="img"'
            f' width="{width}" height="{height}" viewBox="0 0 {width} {height}" fill="{INK}"'
            f' font-family="{SANS}">'
            f"<title>{escape(self.title)}</title>{described}{style_sheet()}"
            f"{rectangle(0, 0, self.width, self.height, fill=PAPER, radius=8)}"
            f"{''.join(self.elements)}</svg>\n"
        )

    def scaled(self, by: float) -> "Drawing":
        """The same picture, `by` times as wide and high, as for a projector.

        Errors: ArgumentError unless `by` is above 0 and finite.

        >>> Drawing(40, 20, (), "small").scaled(2.5)
        <Drawing: small, 100 x 50>
        """
        if not 0 < by < math.inf:
            raise ArgumentError(f"scaled: a picture can grow by a number above 0, not by {by}")
        larger = f'<g transform="scale({by:g})">{"".join(self.elements)}</g>'
        width, height = self.width * by, self.height * by
        return Drawing(width, height, (larger,), self.title, self.description)

    def save(self, path: str | Path, *, scale: float = 2.0) -> Path:
        """Write the picture to `path` (.svg or .png) and return the path.

        The file is written atomically. PNG needs a converter: the Python package cairosvg, or
        rsvg-convert, resvg or inkscape on the PATH; `scale` is its pixels per unit of the drawing,
        less if the picture would be more than 30,000 pixels wide or high.

        Errors: ArgumentError for any other ending, NoConverter if there is none.
        """
        target = Path(path)
        ending = target.suffix.lower()
        if ending == ".svg":
            return save_bytes(target, self.svg.encode("utf-8"))
        if ending == ".png":
            return save_png(target, self.svg, size=(self.width, self.height), scale=scale)
        raise ArgumentError(
            f"cannot save a drawing as {target.name!r}: end the name with .svg (any browser opens"
            " it) or .png"
        )

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_html_(self) -> str:
        """The picture as an image; one wider than the page is in a frame that scrolls.

        Jupyter does not trust a notebook that comes from elsewhere, such as one handed in: it shows
        no SVG from it, and of an SVG in HTML only the texts, one after another. Images it shows.
        """
        width, height = number(self.width), number(self.height)
        source = base64.b64encode(self.svg.encode("utf-8")).decode("ascii")
        wide = self.width > _PAGE_WIDTH
        style = f"max-width:none;width:{width}px" if wide else "max-width:100%;height:auto"
        image = (
            f'<img alt="{escape(self.title)}" width="{width}" height="{height}" style="{style}"'
            f' src="data:image/svg+xml;base64,{source}">'
        )
        return f'<div style="overflow-x:auto">{image}</div>' if wide else image

    def __repr__(self) -> str:
        return f"<Drawing: {self.title}, {self.width:.0f} x {self.height:.0f}>"


def beside(drawings: Sequence[Drawing], *, title: str, columns: int, gap: float = 16.0) -> Drawing:
    """Several drawings as one under a title, in rows of `columns`, each as high as its tallest.

    Errors: ArgumentError for fewer than one column.

    >>> beside([Drawing(40, 20, (), "a"), Drawing(40, 30, (), "b")], title="two", columns=2)
    <Drawing: two, 96 x 74>
    """
    if columns < 1:
        raise ArgumentError(f"draw.beside: needs one column or more, got {columns}")
    rows = [drawings[i : i + columns] for i in range(0, len(drawings), columns)]
    widest = _MARGIN + text_width(title, _TITLE_SIZE, bold=True) + _MARGIN if title else 0.0
    top = _TITLED if title else 0.0
    elements = [text((_MARGIN, 32), title, size=_TITLE_SIZE, bold=True)] if title else []
    for row in rows:
        left = 0.0
        for drawing in row:
            elements.append(group(drawing.elements, shift=(left, top)))
            left += drawing.width + gap
        widest = max(widest, left - gap)
        top += max(drawing.height for drawing in row) + gap
    return Drawing(widest, max(top - gap, 0.0), tuple(elements), title)
