"""Write a picture atomically; PNG uses whichever converter is installed."""

import re
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from ...core.errors import GradatimError
from ...core.files import write_atomically
from .theme import MONO, SANS

_TIMEOUT_SECONDS = 120
_MOST_PIXELS = 30_000  # cairo, used by most converters, is limited to 32,767 per side
_CHINESE = re.compile("[\u2e80-\u9fff\uac00-\ud7a3]")  # Japanese and Korean too


class NoConverter(GradatimError, RuntimeError):
    """Nothing on this machine converts SVG to PNG; the message says what to install."""


def save_bytes(target: Path, content: bytes) -> Path:
    """Write a file atomically. Errors: FileNotFoundError if its folder does not exist."""
    if not target.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {str(target.parent)!r}: make it first")
    write_atomically(target, content)
    return target


def save_png(target: Path, svg: str, *, size: tuple[float, float], scale: float) -> Path:
    """Convert `svg` of (width, height) to PNG in `target`, `scale` pixels per unit."""
    width, height = size
    pixels = max(1, round(width * min(scale, _MOST_PIXELS / max(width, height))))
    converted = _by_cairosvg(svg, pixels)
    if converted is None:
        converted = _by_program(svg, pixels)
    if converted is None:
        raise NoConverter(
            f"cannot write {target.name!r}: no converter from SVG to PNG was found that works. Type"
            " `pip install cairosvg`, or install rsvg-convert, resvg or inkscape;"
            " or save as .svg, which any browser opens"
        )
    return save_bytes(target, converted)


def _by_cairosvg(svg: str, pixels: int) -> bytes | None:
    try:
        import cairosvg  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except (ImportError, OSError):  # OSError: the package is installed, the cairo library is not
        return None
    # cairo uses only the first family of a list, and would draw numbers in the wrong one. Nor does
    # it look elsewhere for a sign that the font lacks: Noto Sans, which is often "sans-serif", has
    # neither ≤ nor ␣. DejaVu Sans has both, but no Chinese, as the usual font of a Chinese system
    # has. Without DejaVu Sans cairo takes the usual font; so a minus is a dash, which all have.
    sans = "sans-serif" if _CHINESE.search(svg) else "DejaVu Sans"
    plain = svg.replace(MONO, "monospace").replace(SANS, sans).replace("−", "–")
    return bytes(cairosvg.svg2png(bytestring=plain.encode("utf-8"), output_width=pixels))


def _by_program(svg: str, pixels: int) -> bytes | None:
    with tempfile.TemporaryDirectory() as folder:
        source, result = Path(folder, "picture.svg"), Path(folder, "picture.png")
        source.write_text(svg, encoding="utf-8")
        for command in _commands(str(source), str(result), str(pixels)):
            if shutil.which(command[0]):
                with suppress(OSError, subprocess.SubprocessError):  # then try the next
                    subprocess.run(
                        command, check=True, capture_output=True, timeout=_TIMEOUT_SECONDS
                    )
                    return result.read_bytes()
    return None


def _commands(source: str, result: str, pixels: str) -> tuple[tuple[str, ...], ...]:
    return (
        ("rsvg-convert", "--width", pixels, "--output", result, source),
        ("resvg", "--width", pixels, source, result),
        ("inkscape", source, f"--export-filename={result}", f"--export-width={pixels}"),
    )
