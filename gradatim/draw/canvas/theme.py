"""Colours, fonts and spacing shared by all pictures.

Every colour of the page itself (paper, ink, cards) has a counterpart for dark pages. A drawing
contains both: attributes hold the light colours, and one style sheet swaps them in dark mode.
Colours that carry data (heat maps, contours) are the same in both.
"""

from collections.abc import Mapping

SANS = "system-ui, 'Segoe UI', Helvetica, Arial, 'DejaVu Sans', sans-serif"
MONO = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"

# Paper and cards differ imperceptibly, so that the dark style sheet can tell them apart.
PAPER = "#fffffe"
INK = "#1b2430"
MUTED = "#667180"
HAIRLINE = "#dfe4ea"
EDGE = "#8f9baa"
CARD = "#fffffd"
CARD_LINE = "#aab5c2"
BADGE = "#e7edf4"
INPUT = "#eef2f7"
INPUT_LINE = "#9fb0c3"
PARAMETER = "#fff1d6"
PARAMETER_LINE = "#d3922e"
PARAMETER_INK = "#855000"
RESULT = "#e4effb"
RESULT_LINE = "#2f6fb3"
FOLDED = "#eeeaf8"
FOLDED_LINE = "#8774bd"
ACCENT = "#c2255c"
ACCENT_SOFT = "#fde8f0"
BLUE, ORANGE, GREEN, RED, PURPLE, TEAL = (
    "#2b6cb0",
    "#d97a1e",
    "#2f9463",
    "#c43d3a",
    "#7a58b3",
    "#1f8a94",
)
SERIES = (BLUE, ORANGE, GREEN, PURPLE, RED, TEAL)

ON_DARK: Mapping[str, str] = {
    PAPER: "#151a21",
    INK: "#e9edf2",
    MUTED: "#9aa6b5",
    HAIRLINE: "#2c3540",
    EDGE: "#718093",
    CARD: "#1e252e",
    CARD_LINE: "#4a5766",
    BADGE: "#2d3845",
    INPUT: "#222b36",
    INPUT_LINE: "#56677b",
    PARAMETER: "#3a2d14",
    PARAMETER_LINE: "#b98231",
    PARAMETER_INK: "#f3cf92",
    RESULT: "#1b3048",
    RESULT_LINE: "#5b9bdd",
    FOLDED: "#2b2740",
    FOLDED_LINE: "#8d7cc4",
    ACCENT: "#f2729c",
    ACCENT_SOFT: "#45202f",
    BLUE: "#63a4e8",
    ORANGE: "#f0a04f",
    GREEN: "#5cc492",
    RED: "#ec7a75",
    PURPLE: "#ab8ce0",
    TEAL: "#55bcc6",
}

LEGIBLE_DARK_INK = "#101820"
LEGIBLE_LIGHT_INK = "#fcfdff"

Stops = tuple[tuple[int, int, int], ...]
SEQUENTIAL: Stops = (
    (250, 251, 254),
    (214, 228, 244),
    (152, 196, 226),
    (79, 148, 199),
    (30, 98, 163),
    (9, 48, 107),
)
DIVERGING: Stops = (
    (150, 40, 50),
    (214, 110, 92),
    (247, 200, 178),
    (250, 250, 250),
    (184, 212, 233),
    (84, 149, 200),
    (20, 82, 148),
)


def ramp(stops: Stops, fraction: float) -> str:
    """The colour at `fraction` (0 to 1, clamped) of the way through `stops`.

    >>> ramp(((0, 0, 0), (255, 255, 255)), 0.5)
    '#808080'
    """
    place = min(max(fraction, 0.0), 1.0) * (len(stops) - 1)
    left = min(int(place), len(stops) - 2)
    share = place - left
    mixed = (a + (b - a) * share for a, b in zip(stops[left], stops[left + 1], strict=True))
    return "#" + "".join(f"{round(channel):02x}" for channel in mixed)


def ink_on(colour: str) -> str:
    """Dark or light text, whichever is more readable on `colour` (relative luminance, WCAG 2)."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return LEGIBLE_DARK_INK if luminance > 0.22 else LEGIBLE_LIGHT_INK


def style_sheet() -> str:
    """Swap page colours in dark mode; let small pictures shrink with the page.

    Everything is inside `@media`, which converters to PNG ignore.
    """
    swaps = "".join(
        f'.gradatim [fill="{light}"]{{fill:{dark}}}.gradatim [stroke="{light}"]{{stroke:{dark}}}'
        for light, dark in ON_DARK.items()
    )
    return (
        "<style>@media screen{.gradatim.fits{max-width:100%;height:auto}}"
        f"@media (prefers-color-scheme:dark){{{swaps}}}</style>"
    )
