"""Products with nests that take their rows band by band: the numbers of eager, and less memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradatim as g
import gradatim.nn.functional as F
from gradatim.compiler.ir.nests import BandNest, Nest, equations_of, writes
from gradatim.compiler.trace.trace import trace
from tests.compiler.running import compiled, schedule_of


def layer(x: g.Tensor, w: g.Tensor, stream: g.Tensor, gain: g.Tensor) -> list[g.Tensor]:
    """A product added to a stream, and the norm of that: what a transformer is made of."""
    stream = stream + x @ w
    return [stream, F.layer_norm(stream, stream.shape[-1:], gain, None)]


def back(x: g.Tensor, w: g.Tensor, stream: g.Tensor, gain: g.Tensor) -> list[g.Tensor]:
    """As the gradient of a norm: sums along the rows and over all rows, of a product."""
    slope = x @ w
    scaled = slope * gain
    centred = scaled - scaled.mean(-1, keepdim=True)
    total = tuple(range(slope.ndim - 1))
    result = stream - centred * (scaled * stream).mean(-1, keepdim=True)
    return [result, (slope * stream).sum(total), slope.sum(total), result.sum(total)]


def tensors(
    batch: tuple[int, ...], k: int, n: int, dtype: type[np.floating[Any]] = np.float32
) -> list[g.Tensor]:
    random = np.random.default_rng(k + n)
    shapes = (*batch, k), (k, n), (*batch, n), (n,)
    return [g.from_numpy(random.standard_normal(s).astype(dtype)) for s in shapes]


def nests_of(function: Callable[..., Any], inputs: list[g.Tensor]) -> tuple[Nest, ...]:
    traced = trace(function, inputs)
    return schedule_of(traced.graph, traced.updates).nests


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("function", [layer, back])
@pytest.mark.parametrize(
    ("batch", "k", "n"),
    [
        ((96,), 24, 16),
        ((64,), 7, 32),
        ((130,), 40, 64),  # rows that fill no last band
        ((8, 20), 64, 128),
        ((5, 3, 13), 30, 192),  # rows too long for registers
        ((67,), 900, 64),  # long sums, in blocks
    ],
)
def test_bands_give_what_numpy_gives(
    function: Callable[..., Any],
    batch: tuple[int, ...],
    k: int,
    n: int,
    dtype: type[np.floating[Any]],
) -> None:
    inputs = tensors(batch, k, n, dtype)
    assert any(isinstance(nest, BandNest) for nest in nests_of(function, inputs))
    exact = function(*(x.double() for x in inputs))
    close = 2e-4 if dtype is np.float32 else 1e-12
    for found, wanted in zip(compiled(function, *inputs), exact, strict=True):
        scale = np.abs(wanted.numpy()).max()
        np.testing.assert_allclose(found.numpy(), wanted.numpy(), rtol=close, atol=close * scale)


def test_a_product_that_only_its_rows_nest_reads_is_never_there_as_a_whole() -> None:
    inputs = tensors((200,), 30, 64)
    band, *sums = nests_of(back, inputs)
    assert isinstance(band, BandNest)
    assert len(band.near) == 1
    assert not band.near & {v for nest in (band, *sums) for v in writes(nest)}
    text = g.compile(back).explain(*inputs, stage="schedule")
    assert "(only these rows of " in text


def test_both_norms_of_a_block_are_done_with_the_products_before_them() -> None:
    inputs = tensors((200,), 30, 64)
    (band,) = nests_of(layer, inputs)
    assert isinstance(band, BandNest)
    assert not band.near  # the stream goes on


def across(x: g.Tensor, w: g.Tensor, stream: g.Tensor, gain: g.Tensor) -> list[g.Tensor]:
    y = x @ w
    return [y - y.sum(0)]


def turned(x: g.Tensor, w: g.Tensor, stream: g.Tensor, gain: g.Tensor) -> list[g.Tensor]:
    y = x @ w
    return [y, y.t().softmax(-1)]


@pytest.mark.parametrize(("function", "together"), [(across, ["reduce_sum"]), (turned, [])])
def test_what_is_needed_of_all_rows_waits_for_them(
    function: Callable[..., Any], together: list[str]
) -> None:
    inputs = tensors((64,), 30, 64)
    for found, wanted in zip(compiled(function, *inputs), function(*inputs), strict=True):
        np.testing.assert_allclose(found.numpy(), wanted.numpy(), rtol=1e-4, atol=1e-4)
    bands = [n for n in nests_of(function, inputs) if isinstance(n, BandNest)]
    assert [e.name for n in bands for then in n.then for e in equations_of(then)] == together


def test_bands_are_the_same_bits_for_any_number_of_threads() -> None:
    inputs = tensors((700,), 256, 128)
    before = g.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 3):
            g.set_num_threads(threads)
            found.append([y.numpy().tobytes() for y in compiled(back, *inputs)])
    finally:
        g.set_num_threads(before)
    assert found[0] == found[1] == found[2]
