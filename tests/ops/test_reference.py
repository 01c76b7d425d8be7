"""The library's values and gradients beside PyTorch's, stored by `tests/reference/make_ops.py`.

Results must have PyTorch's dtype, shape and numbers, nan and infinities included, and errors its
kind. Where the library means to differ, `DIFFERENT` says why; a difference that has gone fails.
"""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradatim
from tests.each import each
from tests.reference.op_cases import CALLS, Call, evaluate, parsed

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "tests" / "reference" / "ops.json"
ANSWERS: dict[str, Any] = json.loads(REFERENCE.read_text(encoding="utf-8"))["answers"]
TOLERANCE = {"float32": 3e-6, "float64": 1e-13}

DIFFERENT = {
    r"x \*\* -?0\.5": "PyTorch computes roots here, which are -inf or nan at -0.0 and -inf",
    r"x\.(cum)?prod\(.*(nan|infin|large)": "the gradient is the product of the other elements. "
    "PyTorch divides by the element, which gives nan or overflows",
    r"x\.(max|min)\(\) \| nan": "where the result is nan, so is the gradient, as for `amax`",
    r"x\.norm\(-?INF\) \| nan": "where the result is nan, so is the gradient",
    r"x\.median\(\) \| (zeros|nan|minus)": "the gradient goes to one of several equal elements",
    r"(var|std)_mean\(.*infin": "a mean with one infinity is infinite. PyTorch computes both in "
    "one pass, which gives nan",
    r"std.*large": "squares overflow. PyTorch adds them up in double precision",
    r"x\.softmax\(0\) \| integers": "integers are cast, as for the other functions",
}
# A zero's sign is compared where it means something: elsewhere it depends on NumPy's kernels.
SIGNED = re.compile(
    r"(abs|neg|sign|square|reciprocal|expm1|log1p|sqrt|rsqrt|sin|tanh|floor|ceil|trunc|round)\("
    r"|x (\+|-|\*|/) y|x \*\* (3|-1) |-x "
)


def assert_same(ours: str | None, theirs: str | None, *, small: float, signed: bool) -> None:
    if ours is None or theirs is None:  # no gradient is a gradient of zeros
        assert not parsed(ours or theirs or "bool 0").any()
        return
    got, want = parsed(ours), parsed(theirs)
    assert (got.dtype, got.shape) == (want.dtype, want.shape)
    if want.dtype.kind != "f":
        np.testing.assert_array_equal(got, want)
        return
    near = TOLERANCE[str(want.dtype)]
    np.testing.assert_allclose(got, want, rtol=near, atol=near * small)
    if signed:
        zero = want == 0
        np.testing.assert_array_equal(np.signbit(got[zero]), np.signbit(want[zero]))


def assert_as_pytorch(one: Call, dtype: str) -> None:
    theirs = ANSWERS[f"{one.name} | {dtype}"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of too few degrees of freedom, as PyTorch does
        ours = evaluate(gradatim, one, dtype)
    assert ours.keys() == theirs.keys(), (ours, theirs)
    if "error" in theirs:
        assert set(ours["error"]) & set(theirs["error"])
        return
    if "value" in theirs:
        assert ours == theirs
        return
    signed = bool(SIGNED.match(one.name))
    for a, b in zip(ours["out"], theirs["out"], strict=True):
        assert_same(a, b, small=1e-3, signed=signed)
    for a, b in zip(ours.get("grad", []), theirs.get("grad", []), strict=True):
        assert_same(a, b, small=0.1, signed=False)


def reason(one: Call) -> str | None:
    found = [why for pattern, why in DIFFERENT.items() if re.search(pattern, one.name)]
    return found[0] if found else None


ALIKE = [(one, dtype) for one in CALLS if reason(one) is None for dtype in one.dtypes]


def function_of(case: tuple[Call, str]) -> str:
    return case[0].name.split(" | ")[0]


@each(ALIKE, group=function_of, name=lambda case: f"{case[0].name} | {case[1]}")
def test_as_pytorch(case: tuple[Call, str]) -> None:
    assert_as_pytorch(*case)


@pytest.mark.parametrize("pattern", DIFFERENT)
def test_differences_that_are_meant_are_still_there(pattern: str) -> None:
    alike = True
    for one in CALLS:
        for dtype in one.dtypes if re.search(pattern, one.name) else ():
            try:
                assert_as_pytorch(one, dtype)
            except AssertionError:
                alike = False
    assert not alike, f"no call differs any more: take this out of DIFFERENT: {DIFFERENT[pattern]}"


def test_differences_that_are_meant_are_documented() -> None:
    page = " ".join((ROOT / "docs" / "differences.md").read_text(encoding="utf-8").split())
    assert [why for why in DIFFERENT.values() if why not in page] == []


def test_every_stored_answer_is_compared() -> None:
    assert {f"{c.name} | {d}" for c in CALLS for d in c.dtypes} == set(ANSWERS)
