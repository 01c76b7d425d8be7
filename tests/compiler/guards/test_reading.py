"""However a compiled function reads a number from Python, it notices that it is another one."""

import sys
from collections.abc import Iterator

import pytest

import gradatim
from tests.compiler.guards import reading_code, reading_containers, reading_objects

TABLES = (reading_code.CASES, reading_containers.CASES, reading_objects.CASES)
CASES = {name: make for table in TABLES for name, make in table.items()}


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(reading_code, "RATE", reading_code.RATE)
    yield
    sys.modules.pop("module_of_a_user", None)


@pytest.mark.filterwarnings("ignore:.* is traced again")
@pytest.mark.parametrize("name", CASES)
def test_a_number_that_changed_is_read_again(name: str) -> None:
    read, change = CASES[name]()
    x = gradatim.tensor([1.0, 2.0])
    function = gradatim.compile(lambda: x * read())
    before = read()
    assert function().tolist() == function().tolist() == [before, before * 2]
    change()
    now = read()
    assert now != before
    assert function().tolist() == [now, now * 2]


def test_all_cases_have_a_name_of_their_own() -> None:
    assert len(CASES) == sum(map(len, TABLES))
