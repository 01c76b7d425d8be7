"""The guide for contributors quotes the code as it is, and names only what exists."""

import re
from pathlib import Path

import pytest

import gradatim

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
QUOTES = re.findall(r"```python\n# (\S+)\n(.*?)```", GUIDE, re.DOTALL)


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def test_the_five_steps_are_there():
    assert re.findall(r"^\*\*(\d)\. ", GUIDE, re.MULTILINE) == list("12345")
    assert [path.split("/")[1] for path, _ in QUOTES] == ["ops", "ops", *["_tensor"] * 3]


@pytest.mark.parametrize(("path", "code"), QUOTES)
def test_quoted_code_stands_in_the_file(path, code):
    quoted = "\n".join(lines_of(code))
    assert quoted in "\n".join(lines_of((ROOT / path).read_text(encoding="utf-8")))


def test_the_example_does_what_the_guide_says():
    x = gradatim.tensor(1e-10, dtype=gradatim.float64, requires_grad=True)
    assert gradatim.expm1(x).item() == pytest.approx(1e-10, rel=1e-9, abs=0)
    assert (gradatim.exp(x) - 1).item() != pytest.approx(1e-10, rel=1e-9, abs=0)
    gradatim.expm1(x).backward()
    assert x.grad.item() == pytest.approx(1.0)
    assert "expm1" in gradatim.__all__


def test_every_file_and_room_it_names_exists():
    code = re.findall(r"`([\w./]+)`", GUIDE)
    paths = [name for name in code if "/" in name and "<" not in name and name != ".ci/run"]
    homes = [ROOT, ROOT / "gradatim"]
    missing = [name for name in paths if not any((home / name).exists() for home in homes)]
    assert missing == ["proofs/results/"] or missing == []


def test_every_target_of_make_it_names_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`make (\w+)", GUIDE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
