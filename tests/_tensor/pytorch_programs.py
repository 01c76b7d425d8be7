"""Run a program of `indexing_cases` here and hold it beside what PyTorch made of it."""

from __future__ import annotations

import builtins
import json
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradatim
from tests.reference.indexing_cases import programs, run

STORED = Path(__file__).parents[1] / "reference" / "indexing.json"


@cache
def stored() -> dict[str, Any]:
    return json.loads(STORED.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def every_program_of(section: str) -> Any:
    return pytest.mark.parametrize("program", programs(section))


def check(program: str) -> None:
    """Values, dtype, shape, `requires_grad` and the gradients of the inputs are PyTorch's."""
    theirs = stored()["results"][program]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of deprecated indices, as PyTorch's
        if "raises" in theirs:
            with pytest.raises(getattr(builtins, theirs["raises"])):
                run(program, gradatim)
            return
        ours = run(program, gradatim)
    assert len(ours["out"]) == len(theirs["out"])
    for a, b in zip(ours["out"], theirs["out"], strict=True):
        _compare(a, b)
    assert ours["requires_grad"] == theirs["requires_grad"]
    for name in ours["grads"].keys() | theirs["grads"].keys():
        # No gradient here or there is a gradient of 0 there or here.
        a, b = ours["grads"].get(name), theirs["grads"].get(name)
        _compare(a or _zeros_as(b), b or _zeros_as(a))


def _zeros_as(x: Any) -> dict[str, Any]:
    return {**x, "values": [0.0] * len(x["values"])}


def _compare(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert (ours["dtype"], ours["shape"]) == (theirs["dtype"], theirs["shape"])
    tolerance = 1e-6 if theirs["dtype"] == "float32" else 1e-12
    np.testing.assert_allclose(
        np.array(ours["values"], dtype=float),
        np.array(theirs["values"], dtype=float),
        rtol=tolerance,
        atol=tolerance,
    )
