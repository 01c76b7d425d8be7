"""Does the library answer an expression as PyTorch did?"""

import json
from pathlib import Path
from typing import Any

import pytest

import gradatim
from tests.reference.face_cases import evaluate

REFERENCE = Path(__file__).parent.parent / "reference" / "face.json"
ANSWERS: dict[str, Any] = json.loads(REFERENCE.read_text(encoding="utf-8"))["answers"]

# PyTorch raises RuntimeError or NotImplementedError (a kind of it) for dtypes an operation lacks.
_TOO_GENERAL = {"Exception", "BaseException", "object"}


def check(expression: str, *, rel: float = 0.0) -> None:
    """Compare the answers: equal, but for floats that may differ by `rel`."""
    expected, found = ANSWERS[expression], evaluate(expression, gradatim)
    if "error" in expected:
        assert set(found.get("error", [])) & set(expected["error"]) - _TOO_GENERAL, found
        return
    values, expected_values = found.pop("values", None), expected.get("values")
    assert found == {k: v for k, v in expected.items() if k != "values"}
    if rel and "tensor" in found:
        assert values == pytest.approx(expected_values, rel=rel, abs=0, nan_ok=True)
    else:
        # As text, so that nan is nan and -0.0 is not 0.0.
        assert repr(values) == repr(expected_values)
