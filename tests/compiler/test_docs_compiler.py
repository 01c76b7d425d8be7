"""docs/compiler/: its blocks are what the stages print, and the files it speaks of are there."""

import re
from pathlib import Path

import pytest

from gradatim.compiler.ir.segments import REASONS
from gradatim.compiler.machine import engine
from gradatim.compiler.passes.order import ORDER
from tools.quote_compiler import PAGE, renewed

ROOT = Path(__file__).parents[2]
TEXT = PAGE.read_text(encoding="utf-8")
PARTS = (PAGE.parent / "parts.md").read_text(encoding="utf-8")
ALL = "".join(page.read_text(encoding="utf-8") for page in PAGE.parent.glob("*.md"))


def without_digests(text: str) -> str:
    """The names of functions depend on their text, which may change in what is not shown here."""
    return re.sub(r"nest_[0-9a-f]{12}", "nest_0", text)


@pytest.mark.skipif(engine.available() is not None, reason="needs LLVM")
def test_what_the_page_shows_is_what_is_printed():
    now = without_digests(renewed(TEXT)).splitlines()
    assert now == without_digests(TEXT).splitlines(), "run: python tools/quote_compiler.py"


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([\w/*]+\.py|[a-z]+/)`", ALL))))
def test_every_file_it_names_is_there(name):
    compiler = ROOT / "gradatim/compiler"
    places = [ROOT, ROOT / "gradatim", compiler, *compiler.rglob("*/")]
    assert any(list(place.glob(name)) for place in places)


def test_it_has_every_pass_in_order():
    table = re.findall(r"^\| `(\w+)` \|", PARTS, re.MULTILINE)
    order = [name for name, _ in ORDER if not name.endswith(" again")]
    assert table == order


def test_what_it_says_of_numpy_is_so():
    section = PARTS.partition("# What falls back to NumPy")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(\w+)`", section)) - {"repeat", "explain"}
    assert named <= set(REASONS)
