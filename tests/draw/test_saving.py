"""Saving and showing: whole files, formats, converters, notebooks, dark pages."""

import base64
import builtins
import math
import re
import stat
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gradatim import draw
from gradatim.scalar import Value, lol
from tests.draw.reading import SVG, parsed, texts

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def no_cairosvg(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which the Python package is not installed."""
    imported = builtins.__import__

    def refuse(name: str, *rest: Any, **more: Any) -> Any:
        if name == "cairosvg":
            raise ImportError(name)
        return imported(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)


def test_svg_is_written_whole_and_read_back(tmp_path: Path) -> None:
    drawing = draw.graph(lol())
    path = drawing.save(tmp_path / "lol.svg")
    assert path == tmp_path / "lol.svg"
    assert path.read_bytes() == drawing.svg.encode("utf-8")
    assert [p.name for p in tmp_path.iterdir()] == ["lol.svg"]


def test_a_text_is_as_good_as_a_path_and_an_old_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "x.SVG"
    path.write_text("old", encoding="utf-8")
    draw.graph(lol()).save(str(path))
    assert path.read_text(encoding="utf-8").startswith("<svg")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_others_may_read_the_file_as_they_may_any_other(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    path = draw.graph(lol()).save(tmp_path / "x.svg")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_drawings_beside_each_other_have_their_title_above_them() -> None:
    one = draw.graph(lol())
    both = draw.beside([one, one, one], title="Three of a kind & more", columns=2)
    shown = [e for e in parsed(both).iter() if e.text == "Three of a kind & more"]
    assert [e.tag.rpartition("}")[2] for e in shown] == ["title", "text"]
    assert float(shown[1].get("y", "")) < both.height - 2 * one.height
    bare = draw.beside([one, one, one], title="", columns=2)
    assert bare.height < both.height
    assert draw.beside([one], title="long " * 200, columns=1).width > 5_000
    with pytest.raises(ValueError, match="needs one column or more, got 0"):
        draw.beside([one], title="", columns=0)


def test_png_by_the_python_package(tmp_path: Path) -> None:
    pytest.importorskip("cairosvg")
    small = draw.graph(lol()).save(tmp_path / "small.png", scale=0.5)
    large = draw.graph(lol()).save(tmp_path / "large.png")
    assert small.read_bytes()[:8] == large.read_bytes()[:8] == PNG
    assert len(large.read_bytes()) > len(small.read_bytes())


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in converter is a shell script")
def test_the_png_asks_for_a_font_with_signs_and_needs_no_minus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []

    def svg2png(*, bytestring: bytes, output_width: int) -> bytes:
        given.append(bytestring.decode("utf-8"))
        return PNG

    monkeypatch.setitem(sys.modules, "cairosvg", SimpleNamespace(svg2png=svg2png))
    drawing = draw.curves([-2.0, 0.0, 2.0])
    assert "−2" in drawing.svg
    drawing.save(tmp_path / "x.png")
    assert "−" not in given[0]
    assert "–2" in given[0]
    assert 'font-family="DejaVu Sans"' in given[0]
    draw.curves([-2.0, 2.0], title="日本").save(tmp_path / "y.png")  # DejaVu Sans cannot
    assert 'font-family="sans-serif"' in given[1]


@pytest.mark.usefixtures("no_cairosvg")
def test_png_by_a_program_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "rsvg-convert"
    # rsvg-convert --width W --output RESULT SOURCE
    program.write_text('#!/bin/sh\nprintf "converted %s" "$2" > "$4"\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    drawing = draw.graph(lol())
    path = drawing.save(tmp_path / "x.png", scale=3.0)
    assert path.read_text(encoding="utf-8") == f"converted {round(drawing.width * 3)}"


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in converters are shell scripts")
@pytest.mark.usefixtures("no_cairosvg")
def test_a_converter_that_fails_leaves_it_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, script in (("rsvg-convert", "exit 1"), ("resvg", 'printf "by resvg" > "$4"')):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    # resvg --width W SOURCE RESULT
    path = draw.graph(lol()).save(tmp_path / "x.png")
    assert path.read_text(encoding="utf-8") == "by resvg"


def test_a_very_wide_picture_becomes_a_png_that_converters_can_make(tmp_path: Path) -> None:
    pytest.importorskip("cairosvg")
    wide = draw.Drawing(width=60_000, height=10, elements=(), title="wide")
    header = wide.save(tmp_path / "wide.png").read_bytes()[:24]
    assert int.from_bytes(header[16:20], "big") == 30_000


@pytest.mark.usefixtures("no_cairosvg")
def test_without_a_converter_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        RuntimeError, match="no converter from SVG to PNG was found that works"
    ) as error:
        draw.graph(lol()).save(tmp_path / "x.png")
    for hint in ("pip install cairosvg", "rsvg-convert", "inkscape", ".svg"):
        assert hint in str(error.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["x.jpg", "x", "x.svg.gz"])
def test_another_ending_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=f"cannot save a drawing as '{name}'.*svg.*png"):
        draw.graph(lol()).save(tmp_path / name)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no folder .*nowhere.*make it first"):
        draw.graph(lol()).save(tmp_path / "nowhere" / "x.svg")


def inside(html: str) -> str:
    """The SVG in an image; outside it, HTML has neither tags of an SVG nor texts of it."""
    source = re.search('src="data:image/svg\\+xml;base64,([^"]*)"', html)
    assert source is not None
    assert "<svg" not in html
    assert re.sub("<[^>]*>", "", html) == ""
    return base64.b64decode(source[1]).decode("utf-8")


def test_notebooks_get_the_svg_and_an_image_that_needs_no_trust() -> None:
    small = draw.graph(lol())
    assert small._repr_svg_() == small.svg == inside(small._repr_html_())
    assert "overflow" not in small._repr_html_()
    steps = draw.backward_steps(lol())
    assert inside(steps._repr_html_()) == steps._repr_svg_()


def test_pictures_grow_for_a_projector(tmp_path: Path) -> None:
    small = draw.graph(lol())
    large = small.scaled(2)
    root = parsed(large)
    assert float(root.get("width", 0)) == pytest.approx(2 * small.width, abs=0.1)
    assert [t.text for t in root.iter(f"{SVG}text")] == texts(small)
    assert any(g.get("transform") == "scale(2)" for g in root.iter(f"{SVG}g"))
    assert large.scaled(0.5).width == pytest.approx(small.width)
    steps = draw.backward_steps(lol())
    assert [d.width for d in steps.scaled(3)] == [pytest.approx(3 * d.width) for d in steps]
    for wrong in (0, -1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match="above 0"):
            small.scaled(wrong)


def test_wide_pictures_get_a_frame_that_scrolls() -> None:
    total = Value(0.0)
    for _ in range(20):
        total = total + 1.0
    wide = draw.graph(total)
    html = wide._repr_html_()
    assert inside(html) == wide.svg
    assert html.startswith('<div style="overflow-x:auto">')
    assert f"max-width:none;width:{wide.width:.1f}px" in html


def test_the_picture_says_what_it_is_to_those_who_do_not_see_it() -> None:
    root = parsed(draw.graph(lol()))
    assert root.get("role") == "img"
    first, second = list(root)[:2]
    assert (first.tag.split("}")[1], first.text) == ("title", "Compute graph of L")
    assert (second.tag.split("}")[1], second.text) == (
        "desc",
        "7 values, gradients not computed; L = -8.000.",
    )


def test_a_picture_needs_nothing_from_outside_and_no_names_in_the_page() -> None:
    svg = draw.graph(lol()).svg
    addresses = svg.replace("http://www.w3.org/2000/svg", "")
    assert "http" not in addresses
    assert "<script" not in svg
    assert " id=" not in svg


def test_the_picture_has_colours_for_dark_pages() -> None:
    svg = draw.graph(lol()).svg
    assert "prefers-color-scheme:dark" in svg
