"""Activations, norms and dropout, run by NumPy and compiled, held against PyTorch's answers."""

from __future__ import annotations

import functools
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradatim
from gradatim import nn
from tests.reference.block_cases import blocks
from tests.reference.layer_cases import (
    DTYPES,
    FUNCTIONS,
    SEED,
    TEXTS,
    Run,
    answer,
    given,
    made,
    runs,
    text,
    weighted,
)
from tests.reference.nn_cases import evaluate, lines

STORED = Path(__file__).parents[1] / "reference" / "layers.npz"
NAMES = {"nn": nn, "F": nn.functional, "functools": functools, **blocks(gradatim)}
NEAR = {"float32": 2e-6, "float64": 1e-13}
Answer = dict[str, np.ndarray]


@cache
def stored() -> dict[str, Answer]:
    """What PyTorch answered to each run."""
    with np.load(STORED, allow_pickle=False) as archive:
        index = json.loads(archive["index"].tobytes())
        flat = {dtype: archive[dtype] for dtype in DTYPES}
    places, found = dict.fromkeys(DTYPES, 0), {}
    for title, members in index.items():
        dtype = next(d for d in DTYPES if f"in {d}" in title)
        found[title] = {}
        for name, shape in members:
            start, count = places[dtype], int(np.prod(shape, dtype=int))
            found[title][name] = flat[dtype][start : start + count].reshape(shape)
            places[dtype] += count
    return found


def assert_same(run: Run, ours: dict[str, Any]) -> None:
    theirs, near = stored()[str(run)], NEAR[run.dtype]
    if "Hardsigmoid" in run.layer.expression:
        near = max(near, 3e-8)  # PyTorch's sixth, in its gradient, is that of float32
    if "Heads" in run.layer.expression:
        near *= 4  # a softmax of scores of 10 and more has the rounding of these in its result
    assert list(ours) == list(theirs), run
    for name, value in theirs.items():
        mine = ours[name].detach().numpy()
        has_no_dtype = name == "drawn next" or name.endswith("num_batches_tracked")
        assert has_no_dtype or mine.dtype == run.dtype
        size = np.abs(value[np.isfinite(value)]).max(initial=1)  # sums round with their summands
        np.testing.assert_allclose(
            mine, value, rtol=near, atol=near * size, err_msg=f"{name}: {run}"
        )


# -- eager -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("run", [*runs("activations"), *runs("norms"), *runs("blocks")], ids=str)
def test_a_layer_computes_and_remembers_what_pytorchs_does(run: Run) -> None:
    assert_same(run, answer(run, gradatim, NAMES))


@pytest.mark.parametrize("run", [*runs("dropouts")], ids=str)
def test_dropout_lets_the_numbers_fall_that_pytorch_does(run: Run) -> None:
    ours = answer(run, gradatim, NAMES)
    assert_same(run, ours)
    theirs = stored()[str(run)]
    if "Alpha" not in run.layer.expression:
        np.testing.assert_array_equal(ours["value"].numpy(), theirs["value"])
        np.testing.assert_array_equal(ours["by input"].numpy(), theirs["by input"])


# -- compiled --------------------------------------------------------------------------------------


def draws(run: Run) -> bool:
    """Whether a layer draws random numbers, so that it must be compiled alone."""
    return "Dropout" in run.layer.expression and run.layer.training


def in_pieces_of(count: int, family: str) -> list[Any]:
    """The runs of a family, some in each piece, to be compiled together."""
    chosen = [run for run in runs(family) if not draws(run)]
    pieces = [chosen[i : i + count] for i in range(0, len(chosen), count)]
    return [pytest.param(piece, id=f"{family} from {i * count}") for i, piece in enumerate(pieces)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "pieces",
    [
        *in_pieces_of(24, "activations"),
        *in_pieces_of(16, "norms"),
        *in_pieces_of(24, "dropouts"),
        *in_pieces_of(12, "blocks"),
    ],
)
def test_compiled_layers_do_the_same(pieces: list[Run]) -> None:
    layers = [made(run, gradatim, NAMES) for run in pieces]
    inputs = [given(run, gradatim).requires_grad_() for run in pieces]

    @gradatim.compile
    def together(xs: list[gradatim.Tensor]) -> list[Any]:
        return [passed(*each) for each in zip(pieces, layers, xs, strict=True)]

    for run, layer, found in zip(pieces, layers, together(inputs), strict=True):
        buffers = dict(layer.named_buffers()) if isinstance(layer, nn.Module) else {}
        drawn = gradatim.from_numpy(stored()[str(run)]["drawn next"].copy())
        assert_same(run, found | buffers | {"drawn next": drawn})


def passed(run: Run, layer: Any, x: gradatim.Tensor) -> dict[str, gradatim.Tensor]:
    """The result and all gradients of a layer, as `answer` names them."""
    named = dict(layer.named_parameters()) if isinstance(layer, nn.Module) else {}
    out = layer(x * 1 if "inplace" in run.layer.expression else x)
    loss = weighted(out, run, gradatim)
    gradients = gradatim.autograd.grad(loss, [x, *named.values()], materialize_grads=True)
    names = ["by input", *(f"by {name}" for name in named)]
    return {"value": out.detach()} | dict(zip(names, gradients, strict=True))


@pytest.mark.parametrize(
    "run",
    [
        r
        for r in (*runs("dropouts"), *runs("blocks"))
        if draws(r) and r.strided == (r.dtype == "float64")
    ],
    ids=str,
)
def test_compiled_dropout_draws_the_same_numbers(run: Run) -> None:
    layer, x = made(run, gradatim, NAMES), given(run, gradatim).requires_grad_()

    @gradatim.compile
    def step(x: gradatim.Tensor) -> Any:
        return passed(run, layer, x)

    for _ in range(2):  # the second time it is machine code for sure
        gradatim.manual_seed(SEED)
        found = step(x)
        assert_same(run, found | {"drawn next": gradatim.rand(1)})


# -- second gradients and texts ------------------------------------------------------------------


@cache
def told() -> dict[str, Any]:
    return json.loads(STORED.with_suffix(".json").read_text(encoding="utf-8"))


def same(ours: Any, theirs: Any, near: float) -> None:
    np.testing.assert_allclose(ours, np.array(theirs, float), rtol=near, atol=near / 10)


@pytest.mark.parametrize("expression", lines(FUNCTIONS))
def test_functions_have_pytorchs_gradients_of_both_orders(expression: str) -> None:
    ours, theirs = evaluate(expression, gradatim), told()[expression]
    assert ours["dtype"] == theirs["dtype"]
    same(ours["value"], theirs["value"], 2e-6)
    firsts = theirs.get("first", [])
    for mine, other in zip(ours.get("first", []), firsts, strict=True):
        same(mine, other, 5e-6)
    seconds = [side.get("second") or [None] * len(firsts) for side in (ours, theirs)]
    for mine, other in zip(*seconds, strict=True):
        same(*(0.0 if v is None else v for v in (mine, other)), 5e-5)


@pytest.mark.parametrize("expression", lines(TEXTS))
def test_layers_read_and_complain_as_in_pytorch(expression: str) -> None:
    theirs = told()[expression]
    renamed = theirs.replace("torch.", "gradatim.") if isinstance(theirs, str) else theirs
    assert text(expression, gradatim) == renamed
