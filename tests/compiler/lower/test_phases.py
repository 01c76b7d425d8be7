"""Which calls of a program run side by side, and which wait for each other."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gradatim.compiler.ir.graph import Var
from gradatim.compiler.ir.nests import RowNest
from gradatim.compiler.lower.nest.writing import Call, State
from gradatim.compiler.lower.threads.phases import one_by_one, side_by_side

NEST = RowNest((), (), ())


def memory(n: int) -> list[Var]:
    return [Var((4,), np.dtype("float32")) for _ in range(n)]


def call(
    reads: list[Var], writes: list[Var], items: int = 4, *states: State, refuses: bool = False
) -> Call:
    every = (*dict.fromkeys([*reads, *writes]), *states)
    return Call("nest", every, tuple(reads), tuple(writes), items, NEST, refuses=refuses)


def phases(*calls: Call) -> list[list[list[int]]]:
    """Phases of lines of calls, by their numbers."""
    found = side_by_side(calls, lambda v: v)
    number = {id(c): i for i, c in enumerate(calls)}
    return [[[number[id(c)] for c in line] for line in phase.lines] for phase in found]


def test_what_does_not_wait_runs_side_by_side() -> None:
    a, b, c, d = memory(4)
    assert phases(call([a], [b]), call([a], [c]), call([b, c], [d])) == [[[0], [1]], [[2]]]


def test_who_writes_waits_for_those_who_read() -> None:
    a, b = memory(2)
    assert phases(call([a], [b]), call([], [a])) == [[[0]], [[1]]]


def test_small_calls_that_follow_from_each_other_are_one_workers() -> None:
    a, b, c, d = memory(4)
    small = call([a], [b], 1), call([b], [c], 1), call([a], [d], 1)
    assert phases(*small) == [[[0, 1], [2]]]
    assert phases(*small, call([c, d], [a], 1)) == [[[0, 1], [2]], [[3]]]


def test_what_could_have_run_long_ago_runs_just_before_it_is_read() -> None:
    a, b, c, d, e, f = memory(6)
    chain = call([a], [b]), call([b], [c]), call([c], [d])
    packing, reader = call([e], [f], 1), call([d, f], [a])
    assert phases(*chain, packing, reader) == [[[0]], [[1], [3]], [[2]], [[4]]]


def test_generators_and_refusals_keep_their_order() -> None:
    a, b = memory(2)
    state = State(object(), "words")
    assert phases(call([], [a], 1, state), call([], [b], 1, state)) == [[[0, 1]]]
    refusing = call([], [a], refuses=True), call([], [b], refuses=True)
    assert phases(*refusing) == [[[0]], [[1]]]


def test_one_worker_has_a_phase_for_each_call() -> None:
    a, b, c = memory(3)
    calls = [call([a], [b]), call([a], [c])]
    assert [p.calls for p in one_by_one(calls)] == [[calls[0]], [calls[1]]]


@given(st.data())
@settings(deadline=None, derandomize=True)
def test_only_what_is_one_workers_meets_the_same_memory_in_a_phase(data: Any) -> None:
    every, some = memory(6), st.lists(st.integers(0, 5), max_size=2)
    calls = [
        call(
            [every[i] for i in data.draw(some)],
            [every[i] for i in data.draw(some)],
            data.draw(st.sampled_from([1, 4])),
            refuses=data.draw(st.booleans()),
        )
        for _ in range(data.draw(st.integers(0, 12)))
    ]
    place = {
        i: (p, n, k)
        for p, phase in enumerate(phases(*calls))
        for n, line in enumerate(phase)
        for k, i in enumerate(line)
    }
    assert sorted(place) == [*range(len(calls))]
    for i, j in combinations(range(len(calls)), 2):
        x, y = calls[i], calls[j]
        met = {*x.writes} & {*y.reads, *y.writes} or {*x.reads} & {*y.writes}
        if met or (x.refuses and y.refuses):
            (p, n, k), (q, m, h) = place[i], place[j]
            assert p < q or (p == q and n == m and k < h and x.items == y.items == 1)
