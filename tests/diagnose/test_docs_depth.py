"""docs/depth.md: its programs run, print what it shows, and save the pictures it shows."""

import re

import pytest

from gradatim.compiler.machine import engine
from tests.reading_pages import NUMBER, numbers
from tools.quote_page import ROOT, outputs, renewed

PAGE = ROOT / "docs" / "depth.md"
TEXT = PAGE.read_text(encoding="utf-8")
PICTURES = set(re.findall(r"\(pictures/(depth-[\w-]+\.svg)\)", TEXT))
BUILT = {"depth-folded.svg", "depth-parameters.svg", "depth-approximation.svg"}  # nothing learned


@pytest.mark.skipif(engine.available() is not None, reason="needs LLVM")
def test_the_programs_of_the_page_print_and_draw_what_it_shows(tmp_path):
    now, shown = outputs(renewed(TEXT, tmp_path)), outputs(TEXT)
    assert [trained for _, trained in now] == [trained for _, trained in shown]
    for (printed, trained), (quoted, _) in zip(now, shown, strict=True):
        if trained:  # another processor rounds in another order
            assert NUMBER.sub("#", printed).split() == NUMBER.sub("#", quoted).split()
            assert numbers(printed) == pytest.approx(numbers(quoted), rel=0.4, abs=0.15)
        else:
            assert printed == quoted, "run: python tools/quote_page.py docs/depth.md"
    assert {path.name for path in tmp_path.iterdir()} == PICTURES
    for name in BUILT:
        drawn = (tmp_path / name).read_text(encoding="utf-8")
        assert drawn == (ROOT / "docs" / "pictures" / name).read_text(encoding="utf-8")


def test_its_pictures_are_there():
    assert len(PICTURES) == 6
    assert all((ROOT / "docs" / "pictures" / name).is_file() for name in PICTURES)
