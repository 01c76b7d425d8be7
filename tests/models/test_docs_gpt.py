"""docs/gpt.md: its programs run, print what it shows, and save the picture it shows."""

import re

import pytest

from gradatim.compiler.machine import engine
from tests.reading_pages import numbers
from tools.quote_page import ROOT, outputs, renewed

PAGE = ROOT / "docs" / "gpt.md"
TEXT = PAGE.read_text(encoding="utf-8")
PICTURES = set(re.findall(r"\(pictures/(gpt-[\w-]+\.svg)\)", TEXT))
LINKS = sorted(set(re.findall(r"\]\(([^)#]+)\)", TEXT)))


@pytest.mark.skipif(engine.available() is not None, reason="needs LLVM")
def test_the_programs_of_the_page_print_and_draw_what_it_shows(tmp_path):
    now, shown = outputs(renewed(TEXT, tmp_path)), outputs(TEXT)
    assert [trained for _, trained in now] == [trained for _, trained in shown]
    for (printed, trained), (quoted, _) in zip(now, shown, strict=True):
        if trained:  # another processor rounds in another order, and may draw other letters
            assert printed.count("\n") == quoted.count("\n")
            assert numbers(printed) == pytest.approx(numbers(quoted), rel=0.4, abs=0.15)
        else:
            assert printed == quoted, "run: python tools/quote_page.py docs/gpt.md"
    assert {path.name for path in tmp_path.iterdir()} == PICTURES


@pytest.mark.parametrize("link", LINKS)
def test_every_link_leads_to_a_file(link):
    assert (PAGE.parent / link).exists()
