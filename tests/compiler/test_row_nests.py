"""Work on rows in machine code: of all lengths, in registers and in passes, one or several."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradatim as g
from tests.compiler.running import compiled

# Rows and columns: a vector and less, whole ones and one more, as many as registers hold, too many.
SIZES = [(1, 5), (2, 17), (3, 40), (9, 64), (7, 70), (6, 100), (11, 128), (5, 129), (70, 16)]


def _inputs(dtype: str) -> list[Any]:
    random = np.random.default_rng(5)
    return [g.from_numpy(random.standard_normal(size).astype(dtype)) for size in SIZES]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_of_every_length_give_what_numpy_gives(dtype: str) -> None:
    def work(*arrays: Any) -> list[Any]:
        found = []
        for x in arrays:
            centred = x - x.mean(1, keepdim=True)
            scaled = centred / (centred * centred).mean(1, keepdim=True).sqrt()
            p = x.softmax(1)
            found += [scaled, p, (p * scaled).sum(0), p.log().sum(), scaled.amax(1)]
        return found

    def expected(x: np.ndarray[Any, Any]) -> list[Any]:
        centred = x - x.mean(1, keepdims=True)
        scaled = centred / np.sqrt((centred * centred).mean(1, keepdims=True))
        e = np.exp(x - x.max(1, keepdims=True))
        p = e / e.sum(1, keepdims=True)
        return [scaled, p, (p * scaled).sum(0), np.log(p).sum(), scaled.max(1)]

    inputs = _inputs(dtype)
    found = compiled(work, *inputs)
    wanted = [a for x in inputs for a in expected(x.numpy().astype(np.float64))]
    close = 1e-5 if dtype == "float32" else 1e-13
    for value, exact in zip(found, wanted, strict=True):
        np.testing.assert_allclose(value.numpy(), exact, rtol=close, atol=close)


def test_a_row_gives_the_same_bits_wherever_it_stands() -> None:
    """Of rows that are worked on several at once, the last ones are left over."""

    def work(*arrays: Any) -> list[Any]:
        return [
            f(x) for x in arrays for f in (lambda x: x.softmax(1), lambda x: x - x.mean(1)[:, None])
        ]

    same = [x[:1].expand(7, -1).contiguous() for x in _inputs("float32")]
    for value in compiled(work, *same):
        assert (value.numpy() == value.numpy()[0]).all()


def test_nan_in_one_row_stays_there() -> None:
    x = g.randn(7, 70)
    x[3, 60] = float("nan")
    (found,) = compiled(lambda x: [x.softmax(1)], x)
    assert np.isnan(found.numpy()).all(1).tolist() == [r == 3 for r in range(7)]
