"""What programs say to arguments that make no sense, before they do any work."""

from pathlib import Path
from typing import Any

import pytest

import gradatim as g
from gradatim.core.errors import ArgumentError
from gradatim.scalar import Value


def never(x: Any) -> Any:
    """A function that must not be traced."""
    raise AssertionError("this was looked at before the arguments")


@pytest.mark.parametrize("nest", ["a", 1.0, True, [1]])
def test_explain_names_loop_nests_by_number(nest: Any) -> None:
    with pytest.raises(ArgumentError, match=r"by its number, from 1, got "):
        g.compile(never).explain(g.ones(3), nest=nest)


def test_explain_knows_its_stages_before_it_traces() -> None:
    with pytest.raises(ArgumentError, match="no stage 3; there are trace"):
        g.compile(never).explain(g.ones(3), stage=3)
    with pytest.raises(ArgumentError, match="no loop nest 1; there is none"):
        g.compile(lambda x: x).explain(g.ones(0), nest=1)


@pytest.mark.parametrize("steps", ["a", 1.5, 0, -3, True, float("nan")])
def test_profile_takes_whole_steps(steps: Any) -> None:
    with pytest.raises(ArgumentError, match="profile: expects a whole number of steps, at least 1"):
        g.compile(never).profile(g.ones(3), steps=steps)


@pytest.mark.parametrize(
    "name", ["main", "while", "class", "memcpy", "workspace", "1x", "a-b", "", "ü", "_x", 3, None]
)
def test_export_checks_the_name_first(name: Any, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="cannot be the name of a function in C"):
        g.compile(never).export(tmp_path, g.ones(3), name=name)
    assert not any(tmp_path.iterdir())


def test_export_checks_the_folder_first(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for place in (file, file / "below" / "that"):
        with pytest.raises(ArgumentError, match="file is a file, not a folder to write into"):
            g.compile(never).export(place, g.ones(3))
    for bad in (None, 3, ""):
        with pytest.raises(ArgumentError, match="expects the path of a folder"):
            g.compile(never).export(bad, g.ones(3))


def test_programs_of_values_say_why_they_have_no_profile_and_no_export() -> None:
    w = Value(1.0)
    program: Any = g.compile(lambda x: w * x)
    with pytest.raises(ArgumentError, match="one straight line without loop nests"):
        program.profile(2.0)
    with pytest.raises(ArgumentError, match="only programs of tensors are exported"):
        program.export("folder", 2.0)
