"""Reading a picture back: tests look at what stands in it, not at how it was made."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from gradatim.draw import Drawing

SVG = "{http://www.w3.org/2000/svg}"


def parsed(drawing: Drawing) -> ET.Element:
    """The picture as XML; malformed text raises."""
    return ET.fromstring(drawing.svg)


def texts(drawing: Drawing) -> list[str]:
    """Every text in the picture, in the order in which it is drawn."""
    return [element.text or "" for element in parsed(drawing).iter(f"{SVG}text")]


def count(drawing: Drawing, tag: str, **attributes: str) -> int:
    """How many elements of this kind have these attributes."""
    found = parsed(drawing).iter(f"{SVG}{tag}")
    return sum(all(e.get(k) == v for k, v in attributes.items()) for e in found)


def fills(drawing: Drawing, tag: str = "rect") -> list[str]:
    """The fill colours of the elements of one kind."""
    return [e.get("fill", "") for e in parsed(drawing).iter(f"{SVG}{tag}")]
