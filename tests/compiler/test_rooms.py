"""The rooms of the compiler: each says what is in it, all of it and nothing else."""

import ast
import re
from pathlib import Path

import pytest

import gradatim

COMPILER = Path(gradatim.__file__).parent / "compiler"
ROOMS = [path.parent for path in sorted(COMPILER.rglob("__init__.py"))]


def contents(room: Path) -> set[str]:
    """The files and rooms in it."""
    files = {p.stem for p in room.glob("*.py")} - {"__init__"}
    return files | {p.parent.name for p in room.glob("*/__init__.py")}


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_names_what_is_in_it(room):
    said = ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8")))
    lines = re.findall(r"^    (\w+)  +(.*)", said, re.MULTILINE)
    heads = {name for name, _ in lines}
    aside = {name for _, text in lines for name in re.findall(r"`(\w+)`", text)}
    assert heads <= contents(room) <= heads | aside
