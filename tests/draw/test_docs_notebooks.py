"""docs/notebooks.md: its programs print what it shows, and the functions it names are there."""

import re

from gradatim import draw
from tools.quote_page import ROOT, outputs, renewed

TEXT = (ROOT / "docs" / "notebooks.md").read_text(encoding="utf-8")


def test_the_programs_of_the_page_print_what_it_shows(tmp_path):
    again = "run: python tools/quote_page.py docs/notebooks.md"
    assert outputs(renewed(TEXT, tmp_path)) == outputs(TEXT), again


def test_it_names_every_picture_but_the_commands():
    named = set(re.findall(r"draw\.(\w+)", TEXT))
    assert named <= set(draw.__all__)
    functions = {name for name in draw.__all__ if name.islower() and name != "is_large"}
    elsewhere = {"activations", "bars", "cures", "regions", "surprise"}
    assert functions - elsewhere <= named
