"""Results written over what nobody reads any more: the same numbers, in less memory."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradatim as g

ROWS, WIDE = 96, 128
BYTES = ROWS * WIDE * 4


def arrays() -> tuple[Any, Any, Any]:
    g.manual_seed(5)
    return g.randn(ROWS, WIDE), g.randn(WIDE, WIDE) / 11, g.randn(ROWS, WIDE)


def gated(x: Any, w: Any, s: Any) -> Any:
    """A product times a gate that is made before, in a nest of its own, and read by none after."""
    gate = (s @ w).tanh()
    return (((x @ w) * gate) @ w).sum()


def gate_read_again(x: Any, w: Any, s: Any) -> Any:
    gate = (s @ w).tanh()
    return (((x @ w) * gate) @ w).sum() + (gate @ w).sum()


def gate_turned(x: Any, w: Any, s: Any) -> Any:
    """What is read at other places than those that are written must stay."""
    gate = (s[:, :ROWS] @ w[:ROWS, :ROWS]).tanh()
    return (((x[:, :ROWS] @ w[:ROWS, :ROWS]) * gate.T) @ w[:ROWS]).sum()


def gate_is_a_factor(x: Any, w: Any, s: Any) -> Any:
    gate = (s @ w).tanh()
    return (((gate @ w) * gate) @ w).sum()


def gate_given_back(x: Any, w: Any, s: Any) -> tuple[Any, Any]:
    gate = (s @ w).tanh()
    return (((x @ w) * gate) @ w).sum(), gate


CASES = [gated, gate_read_again, gate_turned, gate_is_a_factor, gate_given_back]


@pytest.mark.parametrize("work", CASES)
@pytest.mark.parametrize("threads", [1, 3])
def test_numbers_are_those_of_a_run_without_the_compiler(
    work: Callable[..., Any], threads: int
) -> None:
    before = g.get_num_threads()
    g.set_num_threads(threads)
    try:
        found = g.compile(work)(*arrays())
    finally:
        g.set_num_threads(before)
    for a, b in zip(listed(found), listed(work(*arrays())), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=2e-4, atol=2e-4)


def listed(found: Any) -> list[Any]:
    return [*found] if isinstance(found, tuple) else [found]


def places(work: Callable[..., Any]) -> list[tuple[set[str], set[str]]]:
    """What each nest reads and writes of the memory inside of a step."""
    nests = re.split(r"\n(?=\d+  )", str(g.compile(work).explain(*arrays(), stage="schedule")))
    parts = [nest.partition("    writes") for nest in nests if "    writes" in nest]
    find = re.compile(r"arena \+ [\d,]+").findall
    return [({*find(read)}, {*find(written)}) for read, _, written in parts]


def test_what_is_read_for_the_last_time_gives_its_place() -> None:
    assert any(read & written for read, written in places(gated))


@pytest.mark.parametrize("work", CASES[1:])
def test_what_is_wanted_again_or_elsewhere_stays(work: Callable[..., Any]) -> None:
    assert not any(read & written for read, written in places(work))
