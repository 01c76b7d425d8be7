"""What the README promises: its programs print what it says, and its links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


# Programs with what they print, indented, below.
PROGRAMS = re.findall(r"```python\n((?:(?!```).)*)```\n\n((?:    [^\n]*\n)+)", README, re.DOTALL)


@pytest.mark.parametrize(("program", "shown"), PROGRAMS, ids=["training", "gradient"])
def test_the_programs_run_and_print_what_is_shown(program: str, shown: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == "".join(line[4:] + "\n" for line in shown.splitlines())


def test_a_gradient_is_checked_in_ten_lines() -> None:
    _, (program, _) = PROGRAMS
    assert sum(bool(line.strip()) for line in program.splitlines()) <= 10


def anchors(page: Path) -> set[str]:
    """What a link into a page may name: its headings, as they are shown on the web."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = set(re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")))
    for file, _, anchor in (link.partition("#") for link in links if "://" not in link):
        target = page.parent / file if file else page
        assert target.exists(), file
        assert not anchor or anchor in anchors(target), f"{file}#{anchor}"


def test_the_readme_leads_to_every_page() -> None:
    pages = [page.name for page in PAGES if page.parent.name == "docs"]
    assert [page for page in pages if f"(docs/{page})" not in README] == []


def test_the_tree_names_every_room() -> None:
    rooms = {p.name for p in (ROOT / "gradatim").iterdir() if (p / "__init__.py").exists()}
    tree = README.split("    gradatim/\n", 1)[1].split("\n\n", 1)[0]
    assert rooms <= {name.rstrip("/") for name in re.findall(r"[\w]+/", tree)}
