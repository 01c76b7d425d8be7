"""Many small cases in few tests: a test costs pytest more than most of these cases cost us."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import pytest

T = TypeVar("T")


def each(
    cases: Iterable[T], *, group: Callable[[T], str], name: Callable[[T], str] = str
) -> Callable[..., Any]:
    """Make of a test of one case a test for each group, which runs all and names what fails."""
    groups: dict[str, list[T]] = {}
    for case in cases:
        groups.setdefault(group(case), []).append(case)

    def decorate(test: Callable[[T], None]) -> Callable[[list[T]], None]:
        def together(cases: list[T]) -> None:
            failed = _failures(test, cases, name)
            if failed:
                raise ExceptionGroup(f"{len(failed)} of {len(cases)} cases", failed)

        together.__name__ = test.__name__
        together.__module__ = test.__module__
        return pytest.mark.parametrize("cases", groups.values(), ids=list(groups))(together)

    return decorate


def _failures(
    test: Callable[[T], None], cases: list[T], name: Callable[[T], str]
) -> list[Exception]:
    failed = []
    for case in cases:
        try:
            test(case)
        except Exception as error:
            error.add_note(f"the case: {name(case)}")
            failed.append(error)
    return failed
