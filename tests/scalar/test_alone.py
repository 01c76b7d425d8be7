"""The room stands alone: the standard library and its own files, nothing else."""

import ast
import sys
from pathlib import Path

import pytest

import gradatim.scalar

FOLDER = Path(gradatim.scalar.__file__).parent


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_it_imports_the_standard_library_and_its_own_files_only(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert {name.name.split(".")[0] for name in node.names} <= sys.stdlib_module_names
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            assert node.module.split(".")[0] in sys.stdlib_module_names
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 1


def test_public_names_are_sorted_and_exist():
    names = gradatim.scalar.__all__
    constants = [n for n in names if n.isupper()]
    classes = [n for n in names if n[0].isupper() and not n.isupper()]
    functions = [n for n in names if n[0].islower()]
    assert names == sorted(constants) + sorted(classes) + sorted(functions)
    assert all(hasattr(gradatim.scalar, name) for name in names)


def test_the_reading_order_names_every_file():
    text = gradatim.scalar.__doc__
    assert [p.name for p in FOLDER.glob("*.py") if p.name not in text] == ["__init__.py"]
