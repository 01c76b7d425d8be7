"""Estimated width of text, without access to a font.

A drawing is laid out before it is known which font will display it. The widths are those of DejaVu
Sans (and Verdana), the widest of the usual sans-serif fonts, so text fits its box in all of them.
"""

import unicodedata

# Widths in thousandths of the font size, rounded up; unlisted characters are as wide as a digit.
_WIDTHS = {
    letter: width
    for width, letters in (
        (290, "'ijl"),
        (320, " ,.IJ·"),
        (370, "-/:;\\f|"),
        (410, "!()[]tr"),
        (510, '"*_`'),
        (560, "?Lcsz"),
        (610, "Fkvxy"),
        (720, "ABCKRVXZ"),
        (800, "&DGHNOQU"),
        (840, "#+<=>^w~×÷−"),
        (880, "M"),
        (1000, "@Wm%…"),
    )
    for letter in letters
}
_DIGIT = 640
_BOLD = 1.12
_MONO = 0.62


def text_width(content: str, size: float, *, mono: bool = False, bold: bool = False) -> float:
    """Width in pixels of one line of text at `size` pixels, an upper bound for browsers.

    >>> text_width("11.5", 10, mono=True)
    24.8
    """
    if mono:
        return sum(_cells(letter) for letter in content) * size * _MONO
    regular = sum(_thousandths(letter) for letter in content) * size / 1000
    return regular * _BOLD if bold else regular


def shorten(
    content: str, size: float, room: float, *, mono: bool = False, bold: bool = False
) -> str:
    """The text if it fits in `room` pixels, else its beginning and an ellipsis."""
    flat = " ".join(content.split())
    if text_width(flat, size, mono=mono, bold=bold) <= room:
        return flat
    kept = flat
    while kept and text_width(kept + "…", size, mono=mono, bold=bold) > room:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def _thousandths(letter: str) -> int:
    return _WIDTHS[letter] if letter in _WIDTHS else _DIGIT * _cells(letter)


def _cells(letter: str) -> int:
    """2 for wide East Asian characters and emoji, 0 for combining marks, 1 for the rest."""
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Cf", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
