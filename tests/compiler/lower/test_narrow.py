"""Code for processors with narrow vectors gives the numbers of the others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradatim
from gradatim.compiler.machine import target
from gradatim.compiler.machine.target import host


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("width", [16, 32])
def test_a_sum_of_quotients_over_part_of_a_vector(
    width: int, dtype: str, monkeypatch: Any, tmp_path: Any
) -> None:
    if width > host().vector_bytes:
        pytest.skip("vectors are narrower here")
    monkeypatch.setenv("GRADATIM_VECTOR_BYTES", str(width))
    target.host.cache_clear()
    try:
        for n in (3, 5, 6, 7):
            x = np.arange(1, 4 * n + 1, dtype=dtype).reshape(4, n)
            program: Any = gradatim.compile(lambda x, y: (x / y).sum(1))
            found = program(gradatim.from_numpy(x), gradatim.from_numpy(x + 1)).numpy()
            np.testing.assert_allclose(found, (x / (x + 1)).sum(1), rtol=1e-6)
    finally:
        monkeypatch.undo()
        target.host.cache_clear()
