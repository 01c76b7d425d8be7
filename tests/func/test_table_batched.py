"""Every operation of the table in `vmap`: values and gradients are those of a loop over samples."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import gradatim
from gradatim.core.errors import GradatimError
from gradatim.core.primitive import REGISTRY
from gradatim.func import grad, vmap
from tests.ops.case import Case
from tests.ops.test_table import call, every, floats, has_gradient, several, where

# The shape of the result depends on the numbers
REFUSED = {"nonzero", "true_places", "unique", "bincount"}


def samples(case: Case) -> list[Any]:
    """Three samples of each input, along the first dimension: backwards, and as it is twice."""
    arrays = [np.asarray(x) for x in case.inputs]
    return [np.stack([x, np.flip(x), x]) for x in arrays]


def choices(case: Case) -> Iterator[tuple[int | None, ...]]:
    """Which inputs differ from sample to sample: all, or one of them."""
    count = len(case.inputs)
    yield (0,) * count
    if count > 1:
        yield from (tuple(0 if i == k else None for i in range(count)) for k in range(count))


def drawn(case: Case) -> bool:
    return "generator" in REGISTRY[case.primitive].static


def function(case: Case) -> Any:
    return lambda *xs: call(case, *xs)


def given(batches: list[Any], dims: tuple[int | None, ...], k: int | None = None) -> list[Any]:
    """The arguments: batches, or those of sample `k`."""
    rows = [
        x if d is not None and k is None else x[k or 0] for x, d in zip(batches, dims, strict=True)
    ]
    first = [x if d is not None else y[0] for x, d, y in zip(rows, dims, batches, strict=True)]
    return [gradatim.tensor(np.array(x)) for x in first]


@every
def test_values(case: Case) -> None:
    if not case.inputs or drawn(case):
        pytest.skip("nothing differs from sample to sample, or drawn: see test_randomness")
    batches = samples(case)
    for dims in choices(case):
        if case.primitive in REFUSED:
            with pytest.raises(GradatimError, match="shape"):
                vmap(function(case), in_dims=dims)(*given(batches, dims))
            continue
        found = several(vmap(function(case), in_dims=dims)(*given(batches, dims)))
        for k in range(3):
            for got, want in zip(found, call(case, *given(batches, dims, k)), strict=True):
                np.testing.assert_allclose(got[k].numpy(), want.numpy(), rtol=1e-10, atol=1e-10)


@where(has_gradient)
def test_gradients(case: Case) -> None:
    if drawn(case) or case.params.get("dtype") in (np.dtype("int64"), np.dtype("bool")):
        pytest.skip("no gradient")
    batches, places = samples(case), tuple(floats(case))

    def total(*xs: Any) -> Any:
        outs = [y for y in call(case, *xs) if y.is_floating_point()]
        return sum((y * y).sum() for y in outs)

    slope = grad(total, argnums=places)
    for dims in choices(case):
        found = vmap(slope, in_dims=dims)(*given(batches, dims))
        for k in range(3):
            wanted = slope(*given(batches, dims, k))
            for got, want in zip(found, wanted, strict=True):
                np.testing.assert_allclose(got[k].numpy(), want.numpy(), rtol=1e-8, atol=1e-8)


def test_neighbours() -> None:
    """`pairwise` samples differ, so that a sample taken for another would be noticed."""
    x = samples(Case("neg", (np.arange(3.0),), lambda x: -x))[0]
    assert all((a != b).any() for a, b in pairwise(x))
