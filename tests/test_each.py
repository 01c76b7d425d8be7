"""Cases that are tested together are all tested, and those that fail are named."""

from __future__ import annotations

import pytest

from tests.each import each

SEEN: list[int] = []


@each([1, 2, 3, 4, 6], group=lambda n: "even" if n % 2 == 0 else "odd")
def is_odd(n: int) -> None:
    SEEN.append(n)
    assert n % 2


def test_a_group_is_a_test():
    (mark,) = is_odd.pytestmark
    assert mark.args[0] == "cases"
    assert mark.kwargs["ids"] == ["odd", "even"]
    assert list(mark.args[1]) == [[1, 3], [2, 4, 6]]


def test_all_its_cases_run_also_after_a_failure():
    SEEN.clear()
    is_odd([1, 3])
    with pytest.raises(ExceptionGroup, match="3 of 4 cases") as failed:
        is_odd([2, 3, 4, 6])
    assert SEEN == [1, 3, 2, 3, 4, 6]
    assert [e.__notes__ for e in failed.value.exceptions] == [[f"the case: {n}"] for n in (2, 4, 6)]
