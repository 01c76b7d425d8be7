"""Copies of what a program changes: taken, compared with what they are of, and put back."""

import numpy as np
import pytest

import gradatim
from gradatim.compiler.runtime.snapshot import Snapshot, SpareSnapshot


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("sizes", [[], [0], [1], [3, 1, 70, 0, 5], [1000, 300_001, 17]])
def test_arrays_come_back_as_they_were(threads: int, sizes: list[int]) -> None:
    rng = np.random.default_rng(1)
    kinds = (np.float32, np.int64, np.uint8)
    arrays = [(rng.random((n, 1)) * 200).astype(kinds[n % 3]) for n in sizes]
    before = [a.copy() for a in arrays]
    threads_before = gradatim.get_num_threads()
    gradatim.set_num_threads(threads)
    try:
        keeping = Snapshot(arrays)
        keeping.keep()
        for a in arrays:
            a[...] = 1
        assert all(
            np.array_equal(copy, b) for (_, copy), b in zip(keeping.pairs, before, strict=True)
        )
        keeping.restore()
        assert all(np.array_equal(a, b) for a, b in zip(arrays, before, strict=True))
    finally:
        gradatim.set_num_threads(threads_before)


def test_memory_is_used_again_for_the_same_arrays_by_one_at_a_time() -> None:
    arrays = [np.zeros(3), np.ones(2)]
    spare = SpareSnapshot()
    first, second = spare.of(arrays), spare.of(arrays)
    assert first is not second
    spare.take_back(first)
    assert spare.of(arrays) is first
    spare.take_back(first)
    assert spare.of([arrays[0], np.ones(2)]) is not first
