"""Choosing without branches gives NumPy's bits, for every dtype, layout and size."""

from __future__ import annotations

import numpy as np
import pytest

import gradatim

SHAPES = [(7,), (40, 33), (33, 2, 17)]


def drawn(shape: tuple[int, ...], dtype: str, seed: int) -> np.ndarray:
    """Numbers with all that is special among them."""
    x = np.random.default_rng(seed).normal(size=shape) * 3
    if dtype.startswith("float"):
        x.flat[::5], x.flat[1::7], x.flat[2::11] = np.nan, -0.0, np.inf
    return x.astype(dtype)


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint8", "bool"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_where_chooses_numpys_bits(shape: tuple[int, ...], dtype: str) -> None:
    x, y = drawn(shape, dtype, 0), drawn(shape, dtype, 1)
    condition = np.random.default_rng(2).random(shape) < 0.5
    turned = tuple(reversed(range(x.ndim)))
    for change in (lambda a: a, lambda a: a.transpose(turned), lambda a: a[::2, ...]):
        c, a, b = change(condition), change(x), change(y)
        zero = np.zeros_like(b)
        for first, second in ((a, b), (a, zero), (zero, b)):
            given = [gradatim.from_numpy(np.array(part)) for part in (c, first, second)]
            found = gradatim.where(*given).numpy()
            wanted = np.where(c, first, second)
            assert found.tobytes() == wanted.tobytes()


def test_where_with_a_number_and_over_a_broadcast() -> None:
    x = drawn((64, 32), "float32", 3)
    kept = gradatim.where(gradatim.from_numpy(x) > 0, gradatim.from_numpy(x), 0.0)
    np.testing.assert_array_equal(kept.numpy(), np.where(x > 0, x, np.float32(0)))
    mask = gradatim.arange(32) < 9
    masked = gradatim.from_numpy(x).masked_fill(mask, -np.inf)
    np.testing.assert_array_equal(masked.numpy(), np.where(mask.numpy(), np.float32(-np.inf), x))


@pytest.mark.parametrize("shape", [(6, 40, 33), (2, 3, 20, 30), (600,)])
def test_where_with_one_mask_for_many_matrices(shape: tuple[int, ...]) -> None:
    x, y = drawn(shape, "float32", 0), drawn(shape, "float32", 1)
    for kept in range(len(shape)):
        mask = np.random.default_rng(2).random(shape[kept:]) < 0.5
        a, b = gradatim.from_numpy(x), gradatim.from_numpy(y)
        for other, wanted in ((b, y), (gradatim.tensor(0.0), np.zeros_like(y))):
            found = gradatim.where(gradatim.from_numpy(mask), a, other).numpy()
            assert found.tobytes() == np.where(np.broadcast_to(mask, shape), x, wanted).tobytes()
    true = gradatim.tensor(True)
    assert gradatim.where(true, a, b).numpy().tobytes() == x.tobytes()
