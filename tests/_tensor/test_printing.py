"""Tensors are printed character for character as PyTorch prints them."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gradatim
from tests.reference.printing_cases import Case, cases

REFERENCE = Path(__file__).parent.parent / "reference" / "printing.json"
TEXTS = json.loads(REFERENCE.read_text(encoding="utf-8"))["texts"]


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: case.name)
def test_prints_as_pytorch_does(case: Case) -> None:
    with gradatim.printoptions(**case.options):
        assert repr(case.make(gradatim)) == TEXTS[case.name].replace("torch.", "gradatim.")


@given(st.lists(st.floats(width=32), min_size=1, max_size=30))
def test_numbers_stand_in_columns_and_can_be_read_back(numbers: list[float]) -> None:
    text = repr(gradatim.tensor(numbers))
    items = text.removeprefix("tensor([").removesuffix("])").split(",")
    assert len({len(item.strip("\n")) for item in items[1:]} | set()) <= 3
    found = np.array([float(item) for item in items])
    exact = np.array(numbers, np.float32).astype(np.float64)
    np.testing.assert_allclose(found, exact, rtol=6e-5, atol=6e-5)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=30))
def test_integers_are_printed_in_full(numbers: list[int]) -> None:
    text = repr(gradatim.tensor(numbers))
    inner = text.removeprefix("tensor([").removesuffix("])")
    assert [int(item) for item in inner.split(",")] == numbers


def test_options_last_for_the_block() -> None:
    x = gradatim.tensor([1.23456])
    with gradatim.printoptions(precision=1):
        assert repr(x) == "tensor([1.2])"
    assert repr(x) == "tensor([1.2346])"


def test_options_stay_until_they_are_set_again() -> None:
    x = gradatim.tensor([1.23456])
    gradatim.set_printoptions(precision=2)
    try:
        assert repr(x) == "tensor([1.23])"
        gradatim.set_printoptions(sci_mode=True)
        assert repr(x) == "tensor([1.23e+00])"
        gradatim.set_printoptions()
        assert repr(x) == "tensor([1.23])"
    finally:
        gradatim.set_printoptions(profile="default")
    assert repr(x) == "tensor([1.2346])"


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(ValueError, match='"default", "short" or "full", got \'long\''):
        gradatim.set_printoptions(profile="long")


def test_str_is_repr_and_formats_of_larger_tensors_too() -> None:
    x = gradatim.arange(3)
    assert str(x) == repr(x) == f"{x}" == "tensor([0, 1, 2])"


def test_a_million_numbers_are_printed_at_once() -> None:
    assert "..." in repr(gradatim.zeros(1000, 1000))
